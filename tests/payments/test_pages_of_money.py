"""Whatever becomes of people's money, every page about it can be read: random lives, and all of their pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import clock
from oluko.payments.models import Dispute, Payment, Problem, Refund, ReviewItem
from oluko.payouts.models import Payout
from tests.payments.test_money_machine import Money, World, run_lives, world

__all__ = ["world"]

SESSION = ("", "/state", "/money", "/refunds")
# Not everybody's, or not always there: elsewhere now, not theirs, another method, too late.
SOMETIMES = ("/problem", "/receipt", "/receipt.pdf", "/cancel", "/move")
ANSWERS = {200, 302, 404, 405, 409}
TUTOR = ("mentorship", "mentorship?tab=completed", "mentorship/live", "wallet", "wallet/statements", "analytics")
OPERATOR = ("", "money", "money.csv", "reconciliation")
KEPT = (Booking, Dispute, Payment, Payout, Problem, Refund, ReviewItem)


class Shown(Money):
    """At the end of each life all pages are opened, before the last news has arrived."""

    def teardown(self) -> None:
        self.every_page_can_be_read()
        super().teardown()

    def every_page_can_be_read(self) -> None:
        for person in {*self.world.students, *self.world.tutors, self.world.operator}:
            browser = Client()
            browser.force_login(person)
            for page in self.pages_of(person):
                allowed = ANSWERS if page.endswith(SOMETIMES) else {200}
                assert browser.get(page).status_code in allowed, page

    def pages_of(self, person: Person) -> Iterator[str]:
        yield from ("/student/mentorship", "/student/mentorship?tab=history", "/notifications")
        for booking in Booking.objects.all():
            if person.is_operator or person.pk in (booking.student_id, booking.tutor_id):
                yield from (f"/mentorship/session/{booking.pk}{page}" for page in SESSION + SOMETIMES)
        if person.teaches:
            yield from (f"/tutor/{page}" for page in TUTOR)
            month = f"/tutor/wallet/statements/{clock.now():%Y-%m}"
            yield from (month, f"{month}.csv", f"{month}.pdf")
            yield from (f"/tutor/payouts/{payout.pk}" for payout in Payout.objects.filter(tutor=person))
        if person.is_operator:
            yield from (f"/admin/{page}" for page in OPERATOR)
            for model in KEPT:
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
                yield reverse(f"{name}_changelist")
                yield from (reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all())


@pytest.mark.parametrize("examples", [2, pytest.param(60, id="full", marks=pytest.mark.faults)])
def test_pages_of_any_money_can_be_read(world: World, examples: int) -> None:
    run_lives(lambda: Shown(world), examples, steps=20)
