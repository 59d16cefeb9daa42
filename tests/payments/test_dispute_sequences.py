"""Disputes among everything else that befalls the money of a session: any sequence, and races."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import money
from oluko.core.errors import Conflict, Invalid
from oluko.dashboards.invariants import violations
from oluko.ledger.stories import story_of
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import ReviewItem
from oluko.payments.release import release_due
from oluko.payments.reviews import refund_arrived
from tests.access.world import undone
from tests.cast import make_offering
from tests.conftest import Frozen
from tests.paying import attempt, charge_for
from tests.payments.over import (
    balance,
    bank_says,
    fresh,
    paid_ahead,
    payment_disputed,
    platform,
    released,
    took_place,
    wallet,
)
from tests.payments.test_giving_back import spend


class Walk:
    """One session that took place, and what may befall its money; other sessions earn beside it."""

    def __init__(
        self, frozen: Frozen, tutor: Person, student: Person, other: Person, operator: Person, price: int, bps: int
    ) -> None:
        self.frozen, self.tutor, self.other, self.operator = frozen, tutor, other, operator
        with override_settings(OLUKO_TUTOR_SHARE_BPS=bps):
            self.offering = make_offering(tutor, price=price)
            self.booking = took_place(frozen, self.offering, student)
            self.open_: list[int] = []
            self.number, self.sessions = 0, 0

    def left(self) -> int:
        booking = fresh(self.booking)
        return booking.price - booking.given_back

    def release(self, part: int) -> None:
        self.frozen.advance(timedelta(hours=25))
        release_due()

    def goodwill(self, part: int) -> None:
        try:
            give_back_goodwill(self.operator, self.booking.pk, self.left() * part // 100, note="x")
        except (Conflict, Invalid):
            assert self.open_ or self.left() * part // 100 == 0

    def open(self, part: int) -> None:
        self.number += 1
        self.open_.append(self.number)
        bank_says(self.booking, self.number)(max(self.booking.price * part // 100, 1))

    def remind(self, part: int) -> None:
        if self.open_:
            bank_says(self.booking, self.open_[0])(1, status="awaiting-bank-feedback")

    def won(self, part: int) -> None:
        if self.open_:
            bank_says(self.booking, self.open_.pop(part % len(self.open_)))(1, "declined")

    def lost(self, part: int) -> None:
        if self.open_:
            number = self.open_.pop(part % len(self.open_))
            bank_says(self.booking, number)(max(self.booking.price * part // 100, 1), "auto-accepted")

    def spend(self, part: int) -> None:
        if amount := wallet(self.tutor)[1] * part // 100:
            spend(self.tutor, amount)

    def earn(self, part: int) -> None:
        """Another session of the tutor is paid and released."""
        self.sessions += 1
        weeks, days = divmod(self.sessions, 5)
        released(self.frozen, self.offering, self.other, hours=24 * (7 * weeks + days))

    def parts(self) -> tuple[int, int]:
        """What tutor and platform have of the session, or have to have, by the books."""
        story = story_of(self.booking.pk)
        sums = []
        for whose in ("TUTOR_", "PLATFORM_"):
            came = sum(row.amount for row in story if row.credit.kind.startswith(whose) and row.kind != "dispute_loss")
            went = sum(row.amount for row in story if row.debit.kind.startswith(whose) and row.kind != "dispute_loss")
            sums.append(came - went)
        return sums[0], sums[1]


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.integers(100_00, 90_000_00),
    bps=st.integers(0, 10_000),
    steps=st.lists(
        st.sampled_from(["release", "goodwill", "open", "won", "lost", "spend", "earn", "remind"]), max_size=9
    ),
    parts=st.lists(st.integers(1, 100), min_size=9, max_size=9),
)
def test_any_sequence_keeps_the_books(
    frozen: Frozen,
    tunde: Person,
    ada: Person,
    bola: Person,
    admin: Person,
    price: int,
    bps: int,
    steps: list[str],
    parts: list[int],
) -> None:
    with undone():
        world = Walk(frozen, tunde, ada, bola, admin, price, bps)
        for step, part in zip(steps, parts, strict=False):
            getattr(world, step)(part)
            assert violations() == [], (step, part)
            assert world.parts() == money.split(world.left(), bps)


def test_a_dispute_races_a_cancellation_and_the_money_goes_once(
    database_copy, frozen, offering: Offering, ada: Person, tunde: Person, race: Callable
) -> None:
    for hours in (0, 2, 4):
        booking = paid_ahead(frozen, offering, ada, hours)
        say = bank_says(booking, hours)
        race(2, lambda number, pk=booking.pk, say=say: say() if number else cancel_booking(ada, pk))
        after = fresh(booking)
        assert (after.refunded == 5_000_00) != after.release_held or after.status == "CANCELLED"
        assert violations() == []
        say(0, "auto-accepted")
        assert violations() == []
    assert (wallet(tunde), platform()[0]) == ((0, 0, 0, 0), 0)


def test_a_dispute_races_the_release_and_giving_back(
    database_copy, frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, race: Callable
) -> None:
    for hours in (0, 2, 4):
        booking = took_place(frozen, offering, ada, hours)
        Booking.objects.filter(pk=booking.pk).update(release_at=booking.ends_at)
        say = bank_says(booking, hours)
        deeds = (
            say,
            release_due,
            lambda pk=booking.pk: give_back_goodwill(admin, pk, 1_000_01, note="x"),
            lambda pk=booking.pk: give_back_goodwill(admin, pk, 500_00, note="y"),
        )
        race(4, lambda number, deeds=deeds: deeds[number]())
        assert violations() == []
        say(0, "declined")
        release_due()
        assert wallet(tunde)[2] == 0
        assert violations() == []


def test_a_bank_races_the_operator_for_money_in_review(
    database_copy, frozen, offering: Offering, ada: Person, admin: Person, sandbox, race: Callable
) -> None:
    settled = paid_ahead(frozen, offering, ada)
    # Other money in review, from which the slower of the two could take what is gone.
    other = attempt(settled, "olk-other")
    apply_charge(other.reference, charge_for(other, amount=9_000_00))
    for number in range(3):
        payment = attempt(settled, f"olk-second-{number}")
        apply_charge(payment.reference, charge_for(payment, amount=4_000_00))
        item, say = ReviewItem.objects.get(payment=payment), payment_disputed(payment, number)
        deeds = (
            lambda say=say: say(4_000_00, "auto-accepted"),
            lambda pk=item.pk: refund_arrived(admin, pk),
        )
        race(2, lambda number, deeds=deeds: deeds[number]())
        assert balance("UNAPPLIED") == 9_000_00
        assert violations() == []
