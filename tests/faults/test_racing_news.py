"""Webhook, return page and sweep race to bring the same news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.calendars.availability import set_availability
from oluko.ledger.models import Transfer
from oluko.ledger.wallets import wallet_of
from oluko.meetings.models import Meeting
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.finalize import Told, apply_charge, apply_charges
from oluko.payments.models import Payment
from tests.cast import make_person
from tests.databases import Copy
from tests.paying import attempt, charge_for
from tests.racing import run_threads
from tests.times import next_monday


def test_three_messengers_one_finalization(database_copy: Copy, tunde: Person, offering: Offering, scale: int) -> None:
    """500 rounds (a tenth: 50): one finalization, one meeting, one message each."""
    rounds = 50 * scale
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, slot_step_minutes=60, horizon_days=365)
    payments: list[Payment] = []
    for number in range(rounds):
        student = make_person(f"Student{number} Paying")
        at = next_monday(1) + timedelta(days=7 * (number // 20), hours=number % 20)
        payments.append(attempt(book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)))
    # Threads of one process are finalized together; by themselves they meet in the database, as processes do.
    ways: list[Callable[[Payment], bool | Exception]] = [_together, _by_itself]
    for number, payment in enumerate(payments):
        bring = ways[number % len(ways)]
        results, errors = run_threads(3, lambda _, p=payment, bring=bring: bring(p))
        assert errors == []
        assert Counter(results) == {True: 1, False: 2}
    assert Counter(Transfer.objects.values_list("kind", flat=True)) == {
        "charge_tutor": rounds,
        "charge_platform": rounds,
        "fee": rounds,
    }
    assert wallet_of(tunde).pending == rounds * 3_500_00
    assert Meeting.objects.count() == rounds
    assert DBTaskResult.objects.filter(task_path__endswith="open_meeting").count() == rounds
    assert Notification.objects.filter(kind="paid").count() == 2 * rounds


def _together(payment: Payment) -> bool:
    return apply_charge(payment.reference, charge_for(payment))


def _by_itself(payment: Payment) -> bool | Exception:
    return apply_charges([Told(payment.reference, charge_for(payment), "")])[0]
