"""The operator's page of comparisons, and a finding's own page with its remedies, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.dashboards.invariants import violations
from oluko.payments.models import Payment, ReviewItem
from oluko.reconciliation.models import Run
from oluko.reconciliation.remedies import Remedy
from tests.draining import drain
from tests.reconciliation.world import World, finding_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin: Person, signed_in: Callable[..., Client]) -> Client:
    return signed_in(admin)


def test_a_comparison_is_asked_for_and_shown(browser: Client, world: World, admin: Person) -> None:
    page = reverse("operator_reconciliation")
    assert "None yet." in browser.get(page).content.decode()
    assert "No finding is open." in browser.get(page).content.decode()
    assert browser.post(reverse("operator_compare"), {"since": "2d"}).status_code == 302
    assert "Under way" in browser.get(page).content.decode()
    drain("outside")
    run = Run.objects.get()
    assert (run.cause, run.asked_by_id, run.error) == ("OPERATOR", admin.pk, "")
    shown = browser.get(page).content.decode()
    assert "0 payments, 0 refunds, 0 payouts, 0 disputes" in shown
    assert "Complete" in shown
    assert browser.get(reverse("admin:reconciliation_run_change", args=[run.pk])).status_code == 200


def test_a_wrong_since_is_told_at_its_field(browser: Client) -> None:
    answer = browser.post(reverse("operator_compare"), {"since": "soon"})
    assert answer.status_code == 422
    assert "Say since when: 7d, 48h or a date such as 2026-11-20." in unescape(answer.content.decode())
    assert not Run.objects.exists()


def test_a_finding_shows_both_sides_and_what_its_remedy_posts(world: World, browser: Client) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET fees = 20000 WHERE reference = ?", payment.reference)
    world.compare()
    assert "1 finding waits for a decision" in browser.get(reverse("operator_reconciliation")).content.decode()
    item = finding_of(payment.reference)
    assert item.payment_id is None
    address = reverse(f"operator_remedy_{Remedy.BOOK_FEE}", args=[item.pk])
    told = unescape(browser.get(reverse("admin:payments_reviewitem_change", args=[item.pk])).content.decode())
    assert "Paystack's fee of this payment is not the one in our books." in told
    assert re.search(r"<td[^>]*>₦175</td><td[^>]*>₦200</td>", told)
    assert reverse("admin:payments_payment_change", args=[payment.pk]) in told
    assert address in told
    asked = unescape(browser.get(address).content.decode())
    assert "<dt>Paystack's fees → Held at Paystack</dt><dd>₦25</dd>" in asked
    assert browser.post(address, {"note": ""}).status_code == 302
    assert browser.post(address, {"note": ""}).status_code == 409
    assert (Payment.objects.get(pk=payment.pk).fee, violations()) == (200_00, [])
    assert ReviewItem.objects.get().resolution == "Book Paystack's fee"


def test_a_finding_is_compared_again_on_its_own(world: World, browser: Client) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET status = 'failed' WHERE reference = ?", payment.reference)
    world.compare()
    address = reverse(f"operator_remedy_{Remedy.COMPARE}", args=[finding_of(payment.reference).pk])
    assert browser.post(address).status_code == 302
    assert ReviewItem.objects.filter(resolved_at=None).count() == 1
    world.sandbox.control(paystack={"mode": "error", "times": 1})
    assert browser.post(address).status_code == 503
    world.at_paystack("UPDATE transactions SET status = 'success' WHERE reference = ?", payment.reference)
    assert browser.post(address).status_code == 302
    assert ReviewItem.objects.get().resolution == "Gone: both sides agree again."
    assert browser.post(address).status_code == 409
