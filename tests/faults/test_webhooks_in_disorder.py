"""Webhooks repeated, out of order and all at once; and those that Paystack never signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.ledger.models import Account, AuditEntry, Transfer
from oluko.ledger.wallets import wallet_of
from oluko.meetings.models import Meeting
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.checkout import begin_checkout
from oluko.payments.models import Payment, ProviderEvent, ReviewItem
from tests.cast import make_person
from tests.databases import Copy
from tests.draining import drain
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

PATH = "/api/webhooks/paystack"
CLIENTS = 16
WORKERS = 2
EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
# What Paystack may send about one charge: news that came true, news that is old, and news of no concern.
EVENTS = ("charge.success",) * 4 + ("charge.failed", "charge.dispute.create", "invoice.update")
KINDS = ("charge_tutor", "charge_platform", "fee")


def signature(body: bytes) -> str:
    return hmac.new(settings.OLUKO_PAYSTACK_SECRET_KEY.encode(), body, hashlib.sha512).hexdigest()


def deliver(body: bytes, signed: str) -> int:
    """The status of the answer; a crash is 500, as it would be outside."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    answer = client.generic(
        "POST", PATH, body, content_type="application/json", headers={"x-paystack-signature": signed}
    )
    return answer.status_code


def paid_references(tutor: Person, offering: Offering, sandbox: Sandbox, count: int) -> list[str]:
    """That many sessions of different students, all paid at Paystack, and no word of it here yet."""
    set_availability(tutor, weekly=EVERY_DAY, slot_step_minutes=60, horizon_days=365)
    references = []
    for number in range(count):
        at = next_monday(1) + timedelta(days=number // 20, hours=number % 20)
        begun = begin_checkout(
            make_person(f"Student{number} Paying"),
            offering_id=offering.pk,
            booking_mode=BookingMode.INSTANT,
            scheduled_at=at,
        )
        sandbox.check_out(begun.authorization_url or "", "success")
        references.append(begun.reference or "")
    return references


def news(references: list[str], chance: random.Random) -> tuple[list[bytes], list[bytes]]:
    """Seven events about each reference, and a pile of deliveries in disorder of which 30 % are repeats."""
    bodies = [
        json.dumps({"event": event, "data": {"id": number, "reference": reference, "amount": 1}}).encode()
        for reference in references
        for number, event in enumerate(EVENTS)
    ]
    deliveries = bodies + [chance.choice(bodies) for _ in range(len(bodies) * 3 // 7)]
    chance.shuffle(deliveries)
    return bodies, deliveries


def test_repeated_and_shuffled_webhooks_finalize_each_reference_once(
    database_copy: Copy, tunde: Person, offering: Offering, sandbox: Sandbox, scale: int
) -> None:
    """10,000 deliveries (a tenth: 1,000), 30 % repeats, shuffled, by 16 clients, while two workers act upon them."""
    references = paid_references(tunde, offering, sandbox, 100 * scale)
    bodies, deliveries = news(references, random.Random(scale))
    done: list[int] = []

    def take_part(number: int) -> Counter[int]:
        if number >= CLIENTS:
            while len(done) < CLIENTS:
                drain()
            return Counter()
        answers: Counter[int] = Counter()
        for body in deliveries[number::CLIENTS]:
            answers[deliver(body, signature(body))] += 1
            # As at a request's end, which Django's own client leaves out: the pool has fewer than there are threads.
            connection.close()
        done.append(number)
        return answers

    results, errors = run_threads(CLIENTS + WORKERS, take_part, timeout=120.0 * scale)
    assert errors == []
    assert sum(results, Counter[int]()) == {200: len(deliveries)}
    drain()
    assert ProviderEvent.objects.count() == len(set(bodies)) == 700 * scale
    assert not ProviderEvent.objects.filter(handled_at=None).exists()
    expect_each_finalized_once(tunde, len(references))


def expect_each_finalized_once(tutor: Person, count: int) -> None:
    assert Payment.objects.filter(status="PAID").count() == count
    assert Booking.objects.filter(payment_status="PAID").count() == count
    assert AuditEntry.objects.filter(subject="payment", to_state="PAID").count() == count
    assert Counter(Transfer.objects.values_list("kind", flat=True)) == dict.fromkeys(KINDS, count)
    assert wallet_of(tutor).pending == count * 3_500_00
    assert Account.objects.get(kind="PLATFORM_PENDING").balance == count * 1_500_00
    assert Meeting.objects.count() == count
    assert Notification.objects.filter(kind="paid").count() == 2 * count
    assert not ReviewItem.objects.exists()
    call_command("check-ledger")


@pytest.mark.django_db
def test_one_flipped_bit_is_401_and_leaves_nothing(scale: int) -> None:
    """1,000 flips (a tenth: 100), by turns in the signature and in the body."""
    body = json.dumps({"event": "charge.success", "data": {"reference": "olk-1", "amount": 5_000_00}}).encode()
    good, chance = signature(body), random.Random(scale)
    answers: Counter[int] = Counter()
    for number in range(100 * scale):
        if number % 2:
            changed = bytearray(body)
            changed[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            answers[deliver(bytes(changed), good)] += 1
        else:
            place, bit = chance.randrange(len(good)), 1 << chance.randrange(7)
            answers[deliver(body, good[:place] + chr(ord(good[place]) ^ bit) + good[place + 1 :])] += 1
    assert answers == {401: 100 * scale}
    assert not ProviderEvent.objects.exists()
    assert not DBTaskResult.objects.exists()
    assert deliver(body, good) == 200
