"""Webhooks that were captured, signature and all, and are delivered again an hour or a month later: no effect."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.models import Status
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.dashboards.invariants import violations
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.checkout import begin_checkout
from oluko.payments.disputes import check_disputes
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Payment, ProviderEvent
from oluko.payments.paystack import paystack
from oluko.payments.release import release_due
from oluko.payouts.bank_accounts import save_bank_account
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from tests.conftest import Frozen
from tests.draining import drain
from tests.faults.test_webhooks_in_disorder import deliver
from tests.payouts.conftest import BANK, NUMBER
from tests.sandbox.conftest import Receiver, receiver
from tests.sandbox_process import Sandbox, run_sandbox
from tests.times import next_monday

pytestmark = pytest.mark.django_db
__all__ = ["receiver"]

EVENTS = ("charge.success", "refund.processed", "transfer.success", "charge.dispute.create")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# When Paystack was last asked is no effect.
ASKED = {"checked_at", "asked_at", "next_try_at"}
type Captured = dict[str, tuple[bytes, str]]


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[Sandbox]:
    """As that of other tests, but somebody listens to its webhooks."""
    with run_sandbox(tmp_path, settings.OLUKO_PAYSTACK_SECRET_KEY, receiver.url) as running:
        url, settings.OLUKO_PAYSTACK_URL = settings.OLUKO_PAYSTACK_URL, running.url
        paystack.cache_clear()
        yield running
        settings.OLUKO_PAYSTACK_URL = url
        paystack.cache_clear()


def captured(receiver: Receiver, event: str, number: int = 1) -> tuple[bytes, str]:
    """The latest delivery of such an event, once there are so many: its raw body and its signature."""
    deadline = timezone.now() + timedelta(seconds=10)
    while timezone.now() < deadline:
        mine = [row for row in receiver.arrived if json.loads(row[0])["event"] == event]
        if len(mine) >= number:
            return mine[-1][0], mine[-1][1]["x-paystack-signature"]
        time.sleep(0.02)
    raise AssertionError(f"{event} never came")


def hear(receiver: Receiver, event: str, number: int = 1) -> tuple[bytes, str]:
    """Take it in and act upon it, as when it came first."""
    body, signature = captured(receiver, event, number)
    assert deliver(body, signature) == 200
    drain()
    return body, signature


@pytest.fixture
def story(
    sandbox: Sandbox, receiver: Receiver, ada: Person, tunde: Person, admin: Person, offering: Offering, frozen: Frozen
) -> Captured:
    """Two sessions paid and over, one of them given back in part, money paid out, a payment disputed: all by webhooks.

    What was captured of each kind.
    """
    news: Captured = {}
    frozen(next_monday(0))
    for number in range(2):
        begun = begin_checkout(
            ada, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=next_monday(9 + 2 * number)
        )
        sandbox.check_out(begun.authorization_url or "", "success")
        news["charge.success"] = hear(receiver, "charge.success", number + 1)
    payments = list(Payment.objects.filter(status="PAID").order_by("created_at"))
    frozen(next_monday(13))
    for payment in payments:
        mark_session(tunde, payment.booking_id, Status.COMPLETED)
    frozen.advance(25 * HOUR)
    assert release_due() == 2
    give_back_goodwill(admin, payments[0].booking_id, 1_000_00, note="For the trouble.")
    drain()
    news["refund.processed"] = hear(receiver, "refund.processed")
    save_bank_account(tunde, bank_code=BANK, account_number=NUMBER)
    request_payout(tunde, 2_000_00)
    drain()
    news["transfer.success"] = hear(receiver, "transfer.success")
    sandbox.control(paystack={"dispute": {"reference": payments[1].reference}})
    news["charge.dispute.create"] = hear(receiver, "charge.dispute.create")
    assert Payout.objects.get().status == "PAID"
    return news


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of ours but what tells when Paystack was asked."""
    found = {}
    for model in apps.get_models():
        if model.__module__.startswith("oluko.") and model is not ProviderEvent:
            rows = model._default_manager.order_by("pk").values()
            found[model._meta.label] = [{key: row[key] for key in row if key not in ASKED} for row in rows]
    return found


@pytest.mark.parametrize("pruned", [False, True], ids=["events_kept", "events_pruned"])
@pytest.mark.parametrize(("later", "decided"), [(HOUR, False), (30 * DAY, True)], ids=["an_hour", "thirty_days"])
def test_a_captured_webhook_has_no_second_effect(
    story: Captured, sandbox: Sandbox, frozen: Frozen, later: timedelta, decided: bool, pruned: bool
) -> None:
    """Nor where the row that would tell the repeat is gone by then: Paystack is asked, and nothing is new.

    Within a month the bank has decided; what was captured still tells of the opening.
    """
    frozen.advance(later)
    ProviderEvent.objects.update(received_at=timezone.now() - later)
    if decided:
        payment = Payment.objects.latest("created_at")
        lost = {"reference": payment.reference, "event": "resolve", "resolution": "merchant-accepted"}
        sandbox.control(paystack={"dispute": lost})
        assert check_disputes() == 1
    complete_unmarked()
    release_due()
    drain()
    events = ProviderEvent.objects.count()
    if pruned:
        DBTaskResult.objects.all().delete()
        ProviderEvent.objects.all().delete()
    before, jobs = everything(), DBTaskResult.objects.count()
    for name in EVENTS:
        for _ in range(2):
            assert deliver(*story[name]) == 200
            drain()
    assert everything() == before
    assert DBTaskResult.objects.count() == (len(EVENTS) if pruned else jobs)
    assert ProviderEvent.objects.count() == (len(EVENTS) if pruned else events)
    assert violations() == []
