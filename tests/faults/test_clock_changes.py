"""Clocks that change and clocks that differ: no instant is shifted, no deadline moves, no time is sold twice."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.bookings.deadlines import HOLD, REVIEW, lapse_due
from oluko.bookings.models import Booking
from oluko.calendars.claims import instant
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.core.clock import iso
from oluko.ledger.audit import trail
from oluko.offerings.models import Offering
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.paystack import paystack
from tests.calendars.test_clock_changes_in_slots import CHANGES, Change
from tests.cast import Caller, make_offering, make_person
from tests.conftest import Frozen
from tests.databases import Copy
from tests.draining import drain
from tests.faults.test_webhooks_in_disorder import deliver, signature
from tests.paying import pay
from tests.racing import run_processes
from tests.sandbox_process import Sandbox, run_sandbox

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WHOLE_WEEK = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
# How far the zone is ahead of UTC before and after, in minutes.
AHEAD = {
    "Lagos never": (60, 60),
    "London in spring": (0, 60),
    "London in autumn": (60, 0),
    "New York in spring": (-300, -240),
    "New York in autumn": (-240, -300),
    "Lord Howe in spring": (630, 660),
    "Lord Howe in autumn": (660, 630),
    "Chatham in spring": (765, 825),
    "Chatham in autumn": (825, 765),
}
SKEWS = (-5 * MINUTE, -2 * MINUTE, 0 * MINUTE, 5 * MINUTE)

type Api = Callable[[Person | None], Caller]


def answered(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def by_hand(change: Change, day: str, ahead: tuple[int, int]) -> dict[str, datetime]:
    """What the tutor's clocks show, and the instant that it is: on the day of the change, before and after it."""
    middle = datetime.fromisoformat(f"{day}T00:00Z")
    wanted = {}
    for days, offset in ((-1, ahead[0]), (0, ahead[1]), (1, ahead[1])):
        at = middle + days * DAY + 9 * HOUR
        wanted[f"{at:%Y-%m-%d %H:%M}"] = at - offset * MINUTE
    for shown, utc in change.starts.items():
        if shown.endswith(":00"):
            at = datetime.fromisoformat(f"{day}T{utc}Z")
            # East of Greenwich a date begins on the day before in UTC.
            late = utc > shown and ahead[0] > 0
            wanted[f"{day} {shown}"] = at - DAY if late else at
    return dict(sorted(wanted.items(), key=lambda pair: pair[1]))


def test_what_is_booked_across_a_change_of_clocks_stays_where_it_is(
    database_copy: Copy, frozen: Frozen, scale: int
) -> None:
    """Every change in four zones from 2024 to 2030, and Lagos (a tenth: one year's), with all hours around it."""
    years = {1: ("2026",), 10: tuple(map(str, range(2024, 2031)))}[scale]
    booked = [
        check_change(frozen, CHANGES[name], day, ahead)
        for name, ahead in AHEAD.items()
        for day in CHANGES[name].dates
        if day[:4] in years
    ]
    assert len(booked) >= 8 * len(years)
    assert sum(booked) >= 45 * len(years)


def check_change(frozen: Frozen, change: Change, day: str, ahead: tuple[int, int]) -> int:
    """Book and pay each instant, move one across and back, read all before and after. How many were booked."""
    number, middle = Person.objects.count(), datetime.fromisoformat(f"{day}T00:00Z")
    tutor, student = make_person(f"Tutor{number} Abroad", Person.Role.TUTOR), make_person(f"Student{number} Abroad")
    calls, student_calls = Caller(issue_token(tutor)), Caller(issue_token(student))
    offering = make_offering(tutor)
    frozen(middle - 10 * DAY)
    answered(calls("setTutorAvailability", timezone=change.zone, weekly=WHOLE_WEEK, slotStepMinutes=60))
    window = {"from": iso(middle - 3 * DAY), "to": iso(middle + 3 * DAY)}
    slots = answered(Caller().get(f"/api/mentorship/offerings/{offering.pk}/slots", **window))
    offered = {slot["startsAt"] for slot in slots["slots"]}
    wanted, ids = by_hand(change, day, ahead), []
    for shown, at in wanted.items():
        assert iso(at) in offered, (change.zone, shown, iso(at))
        assert f"{at.astimezone(ZoneInfo(change.zone)):%Y-%m-%d %H:%M}" == shown
        ids.append(take_and_pay(student_calls, calls, offering, at))
    first, *_, last = wanted.values()
    move(student_calls, ids[0], last + DAY)
    move(student_calls, ids[0], first)
    for reached in (middle - 2 * DAY, middle + 5 * DAY):
        frozen(reached)
        shown = answered(student_calls("getStudentMentorshipSessions", limit=20))["sessions"]
        assert {one["id"]: one["scheduledAt"] for one in shown} == dict(
            zip(ids, map(iso, wanted.values()), strict=True)
        )
        for booking, at in zip(ids, wanted.values(), strict=True):
            check_stays(booking, at)
    return len(ids)


def take_and_pay(student: Caller, tutor: Caller, offering: Offering, at: datetime) -> str:
    """The id of a booking that was asked for, approved and paid."""
    wish = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": iso(at)}
    asked = answered(student("beginMentorshipCheckout", **wish))["session"]
    assert asked["scheduledAt"] == iso(at)
    answered(tutor("approveMentorshipRequest", sessionId=asked["id"]))
    pay(Booking.objects.select_related("tutor", "student").get(pk=asked["id"]))
    return str(asked["id"])


def move(student: Caller, booking: str, to: datetime) -> None:
    moved = answered(student("rescheduleMentorshipSession", sessionId=booking, scheduledAt=iso(to)))
    assert (moved["scheduledAt"], moved["paymentStatus"]) == (iso(to), "PAID")


def check_stays(booking_id: str, at: datetime) -> None:
    """In the row and in the claims it is one and the same instant."""
    booking = Booking.objects.get(pk=booking_id)
    assert (booking.scheduled_at, booking.ends_at, booking.payment_status) == (at, at + HOUR, "PAID")
    held = Claim.objects.filter(booking_id=booking_id).order_by("quarter")
    assert Counter(held.values_list("person_id", flat=True)) == {booking.tutor_id: 4, booking.student_id: 4}
    assert {instant(claim.quarter) for claim in held if claim.opens} == {at}


@pytest.fixture
def skewed(tmp_path: Path, frozen: Frozen) -> Iterator[Callable[[int], None]]:
    """`skewed(number)` in a process of its own sets its business clock wrong, each process's by one of SKEWS."""

    def skew(number: int) -> None:
        folder = tmp_path / f"clock{number}"
        folder.mkdir(exist_ok=True)
        (folder / "clock").write_text(str((clock.offset() + SKEWS[number % len(SKEWS)]).total_seconds()))
        settings.OLUKO_DATA = folder

    data = settings.OLUKO_DATA
    yield skew
    settings.OLUKO_DATA = data


def test_processes_whose_clocks_differ_offer_and_sell_the_same_instants(
    database_copy: Copy, tunde: Person, offering: Offering, frozen: Frozen, skewed: Callable[[int], None], scale: int
) -> None:
    """Eight processes, five minutes fast to five slow, want 60 times (a tenth: 6) around a change: one gets each."""
    now = frozen(datetime(2026, 3, 20, 12, 0, tzinfo=UTC))
    set_hours = Caller(issue_token(tunde))
    answered(set_hours("setTutorAvailability", timezone="Europe/London", weekly=WHOLE_WEEK, slotStepMinutes=60))
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 01:00 GMT is 02:00 BST, by the hour on both sides
    times = [change + (number - 3 * scale) * HOUR for number in range(6 * scale)]
    tokens = [
        [issue_token(make_person(f"Student{number}-{turn} Racing")) for turn in range(len(times))]
        for number in range(8)
    ]
    window = {"from": iso(times[0]), "to": iso(times[-1] + HOUR)}
    path = f"/api/mentorship/offerings/{offering.pk}/slots"

    def look(number: int) -> list[str]:
        skewed(number)
        return [slot["startsAt"] for slot in answered(Caller().get(path, **window))["slots"]]

    def want(number: int) -> list[tuple[int, str, str]]:
        skewed(number)
        outcomes = []
        for token, at in zip(tokens[number], times, strict=True):
            wish = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": iso(at)}
            answer = Caller(token)("beginMentorshipCheckout", **wish)
            session = answer.json().get("session", {})
            outcomes.append((answer.status_code, session.get("scheduledAt", ""), session.get("approvalDeadline", "")))
        return outcomes

    seen, errors = run_processes(8, look)
    assert errors == []
    assert seen == [[iso(at) for at in times]] * 8
    outcomes, errors = run_processes(8, want)
    assert errors == []
    for at, answers in zip(times, zip(*outcomes, strict=True), strict=True):
        assert Counter(status for status, _, _ in answers) == {200: 1, 409: 7}
        [(_, scheduled_at, deadline)] = [answer for answer in answers if answer[0] == 200]
        assert scheduled_at == iso(at)
        # 72 hours from the asker's now: wrong by its clock's error, and by no hour of summer time.
        assert abs(datetime.fromisoformat(deadline) - (now + REVIEW)) < 6 * MINUTE
    assert set(Booking.objects.values_list("scheduled_at", flat=True)) == set(times)
    check_deadlines_stay(frozen, skewed, now)


def check_deadlines_stay(frozen: Frozen, skewed: Callable[[int], None], now: datetime) -> None:
    """Whoever sweeps, by whatever clock: nothing ends ten minutes early, all of it ten minutes late, each once."""
    deadlines = dict(Booking.objects.values_list("pk", "approval_deadline"))

    def sweep(number: int) -> int:
        skewed(number)
        return lapse_due()

    frozen(now + REVIEW - 11 * MINUTE)
    assert run_processes(4, sweep) == ([0, 0, 0, 0], [])
    frozen(now + REVIEW + 12 * MINUTE)
    ended, errors = run_processes(4, sweep)
    assert errors == []
    assert sum(ended) == len(deadlines)
    assert dict(Booking.objects.values_list("pk", "approval_deadline")) == deadlines
    for booking in deadlines:
        assert [entry.to_state for entry in trail("booking", str(booking))] == ["PENDING_MENTOR_REVIEW", "REJECTED"]
    assert not Claim.objects.exists()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[tuple[Sandbox, Path]]:
    """A Paystack whose books this test may open, to set the times in them wrong."""
    url, settings.OLUKO_PAYSTACK_URL = settings.OLUKO_PAYSTACK_URL, ""
    with run_sandbox(tmp_path, settings.OLUKO_PAYSTACK_SECRET_KEY, "http://127.0.0.1:9/webhook") as running:
        settings.OLUKO_PAYSTACK_URL = running.url
        paystack.cache_clear()
        yield running, tmp_path / "sandbox.sqlite3"
    settings.OLUKO_PAYSTACK_URL = url
    paystack.cache_clear()


def set_times(books: Path, reference: str, at: datetime) -> None:
    """Let Paystack say that the charge was begun and paid at this instant."""
    with closing(sqlite3.connect(books)) as database, database:
        database.execute("UPDATE transactions SET created_at = ?, paid_at = ?", (iso(at), iso(at)))
        assert database.execute("SELECT paid_at FROM transactions WHERE reference = ?", (reference,)).fetchone()


def bring_news(reference: str, at: datetime) -> None:
    """Paystack's word of the charge, dated as it says, twice; and the work that comes of it."""
    data = {"id": 1, "reference": reference, "paid_at": iso(at), "created_at": iso(at), "paidAt": iso(at)}
    body = json.dumps({"event": "charge.success", "data": data}).encode()
    assert [deliver(body, signature(body)) for _ in range(2)] == [200, 200]
    drain()


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_gateway_whose_clock_is_wrong_shifts_nothing(
    minutes: int,
    database_copy: Copy,
    api: Api,
    offering: Offering,
    own_sandbox: tuple[Sandbox, Path],
    frozen: Frozen,
    scale: int,
) -> None:
    """20 holds (a tenth: 2) that begin in summer time and end after it, in time by our clock and not by Paystack's."""
    sandbox, books = own_sandbox
    change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    frozen(change - DAY)
    answered(api(offering.tutor)("setTutorAvailability", timezone="Europe/London", weekly=WHOLE_WEEK))
    for number in range(2 * scale):
        at, now = change + (8 + number) * HOUR, frozen(change - 7 * MINUTE)
        student = api(make_person(f"Student{number} Paying"))
        begun = answered(
            student("beginMentorshipCheckout", offeringId=str(offering.pk), bookingMode="INSTANT", scheduledAt=iso(at))
        )
        pay_by = datetime.fromisoformat(begun["session"]["payBy"])
        assert timedelta(0) <= pay_by - (now + HOLD) < MINUTE
        sandbox.check_out(begun["authorizationUrl"], "success")
        frozen(pay_by - 2 * MINUTE)
        says = clock.now() + minutes * MINUTE
        set_times(books, begun["reference"], says)
        bring_news(begun["reference"], says)
        assert lapse_due() == 0
        booking = Booking.objects.get(pk=begun["session"]["id"])
        assert (booking.payment_status, booking.status, booking.scheduled_at) == ("PAID", "SCHEDULED", at)
        payment = Payment.objects.get(reference=begun["reference"])
        assert payment.paid_at is not None
        # Ours is the clock that counts.
        assert abs(payment.paid_at - (pay_by - 2 * MINUTE)) < MINUTE
    assert not ReviewItem.objects.exists()


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_payment_after_the_hold_is_late_whatever_its_date_says(
    minutes: int,
    database_copy: Copy,
    api: Api,
    ada: Person,
    bola: Person,
    offering: Offering,
    own_sandbox: tuple[Sandbox, Path],
    frozen: Frozen,
) -> None:
    sandbox, books = own_sandbox
    at = datetime(2026, 10, 25, 10, 0, tzinfo=UTC)
    frozen(at - 2 * DAY)
    answered(api(offering.tutor)("setTutorAvailability", weekly=WHOLE_WEEK))
    wish = {"offeringId": str(offering.pk), "bookingMode": "INSTANT", "scheduledAt": iso(at)}
    late = answered(api(ada)("beginMentorshipCheckout", **wish))
    sandbox.check_out(late["authorizationUrl"], "success")
    frozen(datetime.fromisoformat(late["session"]["payBy"]) + MINUTE)
    assert lapse_due() == 1
    # Somebody else has it by now, and keeps it.
    other = answered(api(bola)("beginMentorshipCheckout", **wish))
    says = clock.now() + minutes * MINUTE
    set_times(books, late["reference"], says)
    bring_news(late["reference"], says)
    first, second = (Booking.objects.get(pk=each["session"]["id"]) for each in (late, other))
    assert (first.status, first.scheduled_at) == ("CANCELLED", at)
    payment = Payment.objects.get(reference=late["reference"])
    assert (payment.status, Refund.objects.get(payment=payment).amount) == ("PAID", payment.amount)
    assert (second.status, second.scheduled_at) == ("SCHEDULED", at)
    assert set(Claim.objects.values_list("booking_id", flat=True)) == {second.pk}


def test_a_clock_put_forward_and_back_moves_no_deadline_and_revives_nothing(
    database_copy: Copy, api: Api, ada: Person, bola: Person, tunde: Person, offering: Offering, frozen: Frozen
) -> None:
    at = datetime(2026, 3, 29, 9, 0, tzinfo=UTC)
    frozen(at - 10 * DAY)
    answered(api(tunde)("setTutorAvailability", timezone="Europe/London", weekly=WHOLE_WEEK, slotStepMinutes=60))
    wish = {"offeringId": str(offering.pk), "bookingMode": "REQUEST"}
    kept = answered(api(ada)("beginMentorshipCheckout", **wish, scheduledAt=iso(at)))["session"]
    path, window = f"/api/mentorship/offerings/{offering.pk}/slots", {"from": iso(at - DAY), "to": iso(at + DAY)}
    before = answered(Caller().get(path, **window))["slots"]
    for minutes in (5, -10, 5):
        frozen.advance(minutes * MINUTE)
        assert lapse_due() == 0
        assert answered(Caller().get(path, **window))["slots"] == before
        shown = answered(api(ada).get(f"/api/mentorship/session/{kept['id']}"))
        assert (shown["scheduledAt"], shown["approvalDeadline"]) == (iso(at), kept["approvalDeadline"])
    frozen(datetime.fromisoformat(kept["approvalDeadline"]) + MINUTE)
    assert lapse_due() == 1
    frozen.advance(-5 * MINUTE)
    assert answered(api(ada).get(f"/api/mentorship/session/{kept['id']}"))["status"] == "REJECTED"
    again = answered(api(bola)("beginMentorshipCheckout", **wish, scheduledAt=iso(at)))["session"]
    assert (again["scheduledAt"], again["status"]) == (iso(at), "PENDING_MENTOR_REVIEW")
