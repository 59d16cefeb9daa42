"""A person is never in two live bookings at once: claims, alone and raced."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from oluko.calendars.claims import (
    TimeTaken,
    confirm_time,
    extend_time,
    instant,
    lapsed_holders,
    quarters,
    release_time,
    take_time,
)
from oluko.calendars.models import Claim
from tests.racing import run_threads

NINE = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def take(people, start=NINE, minutes=60, expires_at=None, booking=None):
    booking = booking or uuid.uuid4()
    with transaction.atomic():
        take_time(booking, {person.pk: quarters(start, minutes) for person in people}, expires_at=expires_at)
    return booking


def test_quarters_cover_the_minutes_and_no_more():
    held = quarters(NINE, 60)
    assert [instant(quarter) for quarter in held] == [NINE + timedelta(minutes=15) * step for step in range(4)]
    assert len(quarters(NINE, 31)) == 3
    assert len(quarters(NINE, 0)) == 0


def test_taking_holds_each_quarter_of_each_person(tunde, ada):
    booking = take([tunde, ada], minutes=45)
    assert Claim.objects.filter(booking_id=booking).count() == 6


@pytest.mark.parametrize("offset", [-45, -15, 0, 15, 45])
def test_overlap_of_either_person_is_refused_and_leaves_nothing(tunde, ada, bola, offset):
    take([tunde, ada])
    for people in ([tunde, bola], [bola, ada]):
        booking = uuid.uuid4()
        with pytest.raises(TimeTaken) as refused:
            take(people, NINE + timedelta(minutes=offset), booking=booking)
        assert (refused.value.status, refused.value.code) == (409, "time_taken")
        assert not Claim.objects.filter(booking_id=booking).exists()


def test_refusal_keeps_what_the_transaction_did_before(tunde, ada, bola):
    first = take([tunde, ada])
    with transaction.atomic():
        release_time(first)
        second = uuid.uuid4()
        take_time(second, {bola.pk: quarters(NINE, 30)}, expires_at=None)
        with pytest.raises(TimeTaken):
            take_time(uuid.uuid4(), {ada.pk: quarters(NINE, 60), bola.pk: quarters(NINE, 60)}, expires_at=None)
    assert set(Claim.objects.values_list("booking_id", flat=True)) == {second}
    assert Claim.objects.count() == 2


def test_neighbouring_times_do_not_touch(tunde, ada, bola):
    take([tunde, ada])
    take([tunde, bola], NINE + timedelta(hours=1))
    take([tunde, bola], NINE - timedelta(hours=1))
    assert Claim.objects.count() == 24


def test_released_time_can_be_taken_again(tunde, ada, bola):
    assert release_time(take([tunde, ada])) == 8
    take([tunde, bola])


def test_deadline_moves_and_goes(tunde):
    booking = take([tunde], expires_at=NOW)
    assert extend_time(booking, NOW + timedelta(hours=1)) == 4
    assert lapsed_holders({tunde.pk: quarters(NINE, 60)}, NOW) == set()
    assert confirm_time(booking) == 4
    assert lapsed_holders({tunde.pk: quarters(NINE, 60)}, NOW + timedelta(days=400)) == set()
    assert confirm_time(uuid.uuid4()) == 0


def test_lapsed_holders_are_those_in_the_way_alone(tunde, ada, bola):
    in_the_way = take([tunde, ada], expires_at=NOW)
    take([tunde, bola], NINE + timedelta(hours=1), expires_at=NOW)
    take([bola], NINE, expires_at=NOW + timedelta(seconds=1))
    holds = {tunde.pk: quarters(NINE, 60), bola.pk: quarters(NINE, 60)}
    assert lapsed_holders(holds, NOW) == {in_the_way}
    assert lapsed_holders({}, NOW) == set()


def test_only_the_teachers_first_quarter_opens_a_session(tunde, ada):
    with transaction.atomic():
        holds = {tunde.pk: quarters(NINE, 75), ada.pk: quarters(NINE, 60)}
        take_time(uuid.uuid4(), holds, teacher=tunde.pk, expires_at=None)
    opening = Claim.objects.get(opens=True)
    assert (opening.person_id, instant(opening.quarter)) == (tunde.pk, NINE)


def test_nothing_to_hold_takes_nothing():
    take_time(uuid.uuid4(), {}, expires_at=None)


@pytest.mark.django_db(transaction=True)
def test_one_winner_when_many_take_overlapping_times(database_copy, tunde, ada, bola, zainab):
    """Sixteen takers, 25 times each shifted by a quarter, three students: no overlap, one winner a time."""
    students = [ada, bola, zainab]

    def do(number: int) -> int:
        won = 0
        for turn in range(25):
            start = NINE + timedelta(minutes=15 * ((turn * 7 + number) % 12), days=turn)
            try:
                take([tunde, students[number % 3]], start)
                won += 1
            except TimeTaken:
                pass
        return won

    won, errors = run_threads(16, do)
    assert errors == []
    # The unique constraint itself rules out overlaps; whole bookings of eight claims show that no loser left a part.
    assert Claim.objects.count() == sum(won) * 8
    assert 25 <= sum(won) <= 25 * 4


@pytest.mark.django_db(transaction=True)
def test_one_winner_of_the_very_same_time(database_copy, tunde, ada, bola, zainab):
    students = [ada, bola, zainab]

    def do(number: int) -> int:
        won = 0
        for turn in range(20):
            try:
                take([tunde, students[number % 3]], NINE + timedelta(days=turn))
                won += 1
            except TimeTaken:
                pass
        return won

    won, errors = run_threads(8, do)
    assert errors == []
    assert sum(won) == 20
    assert Claim.objects.count() == 20 * 8
