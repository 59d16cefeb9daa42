"""The page of a session's money: where all of it is, what happened, and what each reader is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.dashboards.money_now import money_now
from oluko.dashboards.money_out import Move, follow
from oluko.ledger.stories import story_of
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Refund
from oluko.payments.problems import decide_problem, report_problem
from oluko.payments.refunds import settle as settle_refund
from tests.conftest import Frozen
from tests.dashboards.paid_out import arrive, ask_out, come_back
from tests.paying import attempt, charge_for
from tests.payments.over import bank_says, fresh, paid_ahead, released, took_place

type SignIn = Callable[..., Client]


@pytest.fixture
def read(signed_in: SignIn, ada: Person, tunde: Person, admin: Person) -> Callable[..., str]:
    """`read(booking, person)` is the text of the page; its sums are checked each time for everybody."""

    def text(booking: Booking, person: Person) -> str:
        for reader in (ada, tunde, admin):
            now = money_now(fresh(booking), story_of(booking.pk), reader)
            assert sum(place.amount for place in now.places) == now.charged
        answer = signed_in(person).get(f"/mentorship/session/{booking.pk}/money")
        assert answer.status_code == 200
        assert len(answer.content) < 100_000
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return text


def refunds_arrive(booking: Booking) -> None:
    with transaction.atomic():
        for refund in Refund.objects.filter(payment__booking=booking):
            settle_refund(refund.pk, paystack_id="1", outcome="processed")


@pytest.mark.django_db
def test_paid_and_waiting(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, read: Callable[..., str]
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    for person in (ada, tunde, admin):
        text = read(booking, person)
        assert "Charged ₦5,000 Card, reference olk-" in text
        assert "₦3,500 (70 %) for Tunde Bakare, ₦1,500 (30 %) for Oluko." in text
        assert "Kept until the session is over" in text
    assert "Kept until it is released ₦5,000" in read(booking, ada)
    assert "Yours, pending ₦3,500 Oluko, pending ₦1,500" in read(booking, tunde)
    assert "Paystack keeps ₦175, which Oluko bears." in read(booking, admin)
    assert "Receipt" not in read(booking, tunde)
    assert "Receipt" in read(booking, ada)


@pytest.mark.django_db
def test_the_day_after_a_session(frozen: Frozen, offering: Offering, ada: Person, read: Callable[..., str]) -> None:
    text = read(took_place(frozen, offering, ada), ada)
    assert "Kept for 24 hours after the session" in text
    assert "until Tue 6 May, 10:01 (Lagos)" in text


@pytest.mark.django_db
def test_released_and_paid_out(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, read: Callable[..., str]
) -> None:
    first, second = released(frozen, offering, ada), released(frozen, offering, ada, hours=48)
    payout = ask_out(tunde, 5_000_00)
    assert "On the way to the bank ₦3,500 With the payout of ₦5,000 to GTBank …6789: to be sent." in read(first, tunde)
    arrive(payout)
    text = read(second, tunde)
    assert "Paid out ₦1,500 With the payout of ₦5,000 to GTBank …6789." in text
    assert "In the wallet ₦2,000" in text
    assert "0123456789" not in text
    assert "Yours: available or paid out ₦3,500" in text
    students = read(first, ada)
    assert "GTBank" not in students
    assert "Released ₦5,000 ₦3,500 to Tunde Bakare, ₦1,500 to Oluko." in students
    assert "Passed on to Tunde Bakare ₦3,500 Passed on to Oluko ₦1,500" in students
    assert "Paid out ₦3,500" in read(first, admin)
    come_back(payout)
    assert "In the wallet ₦3,500" in read(first, tunde)


@pytest.mark.django_db
def test_a_refund_and_where_it_stands(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, read: Callable[..., str]
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    cancel_booking(tunde, booking.pk)
    assert "Refund asked for ₦5,000 Follow the refund" in read(booking, ada)
    assert "On its way back ₦5,000" in read(booking, tunde)
    refunds_arrive(booking)
    assert "Back with you ₦5,000" in read(booking, ada)
    assert "Back with the student ₦5,000" in read(booking, tunde)


@pytest.mark.django_db
def test_given_back_after_the_payout_becomes_a_debt_that_the_student_does_not_see(
    frozen: Frozen,
    offering: Offering,
    ada: Person,
    bola: Person,
    tunde: Person,
    admin: Person,
    read: Callable[..., str],
) -> None:
    booking = released(frozen, offering, ada)
    arrive(ask_out(tunde, 3_500_00))
    give_back_goodwill(admin, booking.pk, 5_000_00, note="Nobody was there")
    refunds_arrive(booking)
    later = released(frozen, offering, bola, hours=48)
    assert "Kept for a debt ₦3,500" in read(later, tunde)
    assert "debt" not in read(booking, ada)
    assert "Back with you ₦5,000" in read(booking, ada)


@pytest.mark.django_db
def test_held_by_a_problem_until_it_is_decided(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, read: Callable[..., str]
) -> None:
    booking = took_place(frozen, offering, ada)
    problem = report_problem(ada, booking.pk, "Nobody came")
    assert "Held by the problem" in read(booking, tunde)
    decide_problem(admin, problem.pk, refund=2_000_00, note="Half an hour was missing")
    text = read(booking, ada)
    assert "₦2,000 of ₦5,000 go back to the student" in text
    assert "Held by" not in text


@pytest.mark.django_db
def test_held_by_a_dispute_until_the_bank_has_decided(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, read: Callable[..., str]
) -> None:
    booking = released(frozen, offering, ada)
    says = bank_says(booking)
    says()
    assert "The student's bank disputes the payment ₦5,000".replace("'", "&#x27;") in read(booking, tunde)
    assert "Frozen while a bank decides ₦5,000" in read(booking, ada)
    says(amount=2_000_00, resolution="merchant-accepted")
    assert "The bank took it back ₦2,000" in read(booking, tunde)
    assert "Taken back by your bank ₦2,000" in read(booking, ada)


@pytest.mark.django_db
def test_money_that_came_twice_or_wrong_is_told(
    frozen: Frozen, offering: Offering, ada: Person, bola: Person, read: Callable[..., str]
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    again = attempt(booking, "olk-again-0001")
    apply_charge(again.reference, charge_for(again))
    text = read(booking, ada)
    assert "Charged in vain ₦5,000" in text
    assert "Receipt of payment 2" in text
    other = paid_ahead(frozen, offering, ada, 5)
    wrong = attempt(other, "olk-wrong-0001")
    apply_charge(wrong.reference, charge_for(wrong, amount=4_999_00))
    assert "Another amount arrived ₦4,999" in read(other, ada)
    assert "Being looked at by Oluko ₦4,999" in read(other, ada)


@pytest.mark.django_db
def test_a_long_past_costs_no_more_queries(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    first = released(frozen, offering, ada)
    arrive(ask_out(tunde, 3_500_00))
    client = signed_in(tunde)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"/mentorship/session/{first.pk}/money")
        return len(seen)

    queries()
    before = queries()
    for hours in (48, 96):
        released(frozen, offering, ada, hours=hours)
    ask_out(tunde, 2_000_00)
    assert queries() == before


OWNERS = [uuid4() for _ in range(3)]
MOVES = st.lists(
    st.tuples(st.sampled_from(("earn", "pay", "return", "refund")), st.integers(1, 5_000), st.sampled_from(OWNERS)),
    max_size=40,
)


# On a busy machine the first examples are slow to make, which says nothing about the wallet.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOVES)
def test_what_went_out_and_what_is_left_make_up_the_wallet(wanted: list[tuple[str, int, UUID]]) -> None:
    moves: list[Move] = []
    payouts: dict[str, int] = {}
    balance = 0
    for kind, amount, owner in wanted:
        if kind == "earn":
            moves.append(Move("release_tutor", amount, owner, ""))
        elif kind == "return" and payouts:
            reference, amount = payouts.popitem()
            moves.append(Move("payout_returned", amount, None, reference))
        elif kind == "pay" and amount <= balance:
            payouts[f"p{len(moves)}"] = amount
            moves.append(Move("payout_reserved", -amount, None, f"p{len(moves)}"))
        elif kind == "refund" and amount <= balance:
            moves.append(Move("refund_available", -amount, owner, ""))
        else:
            continue
        balance += moves[-1].amount
    out = follow(moves)
    assert sum(out.left.values()) == balance
    went: dict[str, int] = {}
    for of_booking in out.paid.values():
        for reference, amount in of_booking.items():
            went[reference] = went.get(reference, 0) + amount
    assert went == payouts
    assert all(amount >= 0 for amount in out.left.values())
