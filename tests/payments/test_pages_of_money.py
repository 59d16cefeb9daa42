"""Whatever becomes of people's money, every page about it can be read: random lives, and all of their pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import clock
from oluko.payments.models import Dispute, Payment, Problem, Refund, ReviewItem
from oluko.payments.paystack import paystack
from oluko.payouts.models import Payout
from tests.payments.test_money_machine import Money, World, world

__all__ = ["world"]

# What a page may answer: shown, elsewhere now, not theirs, too late.
ANSWERS = {200, 302, 303, 404, 409}
SESSION = ("", "/state", "/money", "/refunds", "/problem", "/receipt", "/receipt.pdf", "/cancel", "/move")
TUTOR = ("mentorship", "mentorship?tab=completed", "mentorship/live", "wallet", "wallet/statements", "analytics")
OPERATOR = ("", "money", "money.csv", "reconciliation")
KEPT = (Booking, Dispute, Payment, Payout, Problem, Refund, ReviewItem)


class Shown(Money):
    """At the end of each life all pages are opened, before and after the last news has arrived."""

    def teardown(self) -> None:
        self.every_page_can_be_read()
        super().teardown()

    def every_page_can_be_read(self) -> None:
        for person in {*self.world.students, *self.world.tutors, self.world.operator}:
            browser = Client()
            browser.force_login(person)
            for page in self.pages_of(person):
                assert browser.get(page).status_code in ANSWERS, page

    def pages_of(self, person: Person) -> Iterator[str]:
        yield from ("/student/mentorship", "/student/mentorship?tab=history", "/notifications")
        for booking in Booking.objects.all():
            if person.is_operator or person.pk in (booking.student_id, booking.tutor_id):
                yield from (f"/mentorship/session/{booking.pk}{page}" for page in SESSION)
        if person.teaches:
            yield from (f"/tutor/{page}" for page in TUTOR)
            month = f"/tutor/wallet/statements/{clock.now():%Y-%m}"
            yield from (month, f"{month}.csv", f"{month}.pdf")
            yield from (f"/tutor/payouts/{payout.pk}" for payout in Payout.objects.filter(tutor=person))
        if person.is_operator:
            yield from (f"/admin/{page}" for page in OPERATOR)
            for model in KEPT:
                if model in admin.site._registry:
                    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
                    yield reverse(f"{name}_changelist")
                    yield from (reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all())


@pytest.mark.parametrize("examples", [2, pytest.param(60, id="full", marks=pytest.mark.faults)])
def test_pages_of_any_money_can_be_read(world: World, examples: int) -> None:
    try:
        run_state_machine_as_test(
            lambda: Shown(world),
            settings=settings(
                max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        paystack.cache_clear()
