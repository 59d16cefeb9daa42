"""A small market between our books and Paystack's, whose differences tests make by hand, on either side."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.ledger.models import Account, Transfer
from oluko.ledger.transfers import Posting, account, post
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import begin_checkout
from oluko.payments.disputes import check_disputes
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import follow_refunds, send_refund
from oluko.payouts.bank_accounts import save_bank_account
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import follow_payouts
from oluko.reconciliation.comparison import begin, carry_on
from oluko.reconciliation.findings import open_findings
from oluko.reconciliation.models import Run
from oluko.reconciliation.remedies import Remedy, preview
from tests.cast import make_person
from tests.sandbox_process import Sandbox
from tests.times import next_monday

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
A_DAY = 16


class World:
    """`offering` is INSTANT and costs ₦5,000; its tutor has an account at a bank and money to be paid out."""

    def __init__(self, sandbox: Sandbox, folder: Path, offering: Offering) -> None:
        self.sandbox, self.folder, self.offering, self.tutor = sandbox, folder, offering, offering.tutor
        self.count = 0
        save_bank_account(self.tutor, bank_code="058", account_number="0123456789")
        sandbox.control(paystack={"topUp": 1_000_000_00})
        earned(self.tutor, 500_000_00)

    def attempt(self) -> Payment:
        """A student at the checkout page, with a booking to themselves."""
        self.count += 1
        student = make_person(f"Student{self.count} Learning")
        at = next_monday(1) + (self.count // A_DAY) * WEEK + (self.count % A_DAY) * HOUR
        begun = begin_checkout(student, offering_id=self.offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=at)
        return Payment.objects.select_related("booking__student").get(reference=begun.reference)

    def taken(self) -> Payment:
        """Paystack has the money; we have not heard of it."""
        payment = self.attempt()
        self.sandbox.check_out(payment.authorization_url, "success")
        return payment

    def paid(self) -> Payment:
        """Paid, and booked."""
        payment = self.taken()
        assert check_payment(payment.reference)
        return Payment.objects.select_related("booking__student").get(pk=payment.pk)

    def refunded(self) -> Refund:
        """Cancelled in time, and all of it given back."""
        payment = self.paid()
        cancel_booking(payment.booking.student, payment.booking_id)
        refund = Refund.objects.get(payment=payment)
        send_refund(refund.pk)
        return self.settled(refund)

    def settled(self, refund: Refund) -> Refund:
        """Followed until Paystack has made it."""

        def follow() -> bool:
            Refund.objects.filter(pk=refund.pk).update(asked_at=None)
            follow_refunds()
            return Refund.objects.filter(pk=refund.pk, status="PROCESSED").exists()

        until(follow)
        return Refund.objects.select_related("payment").get(pk=refund.pk)

    def paid_out(self, amount: int = 2_000_00, *, end: str = "PAID") -> Payout:
        """Withdrawn, and followed until it has arrived, or come back."""
        payout = request_payout(self.tutor, amount)

        def follow() -> bool:
            Payout.objects.filter(pk=payout.pk).update(next_try_at=timezone.now() - timedelta(minutes=1))
            follow_payouts()
            return Payout.objects.filter(pk=payout.pk, status=end).exists()

        until(follow)
        return Payout.objects.get(pk=payout.pk)

    def disputed(self, payment: Payment, **wish: object) -> None:
        self.sandbox.control(paystack={"dispute": {"reference": payment.reference, **wish}})

    def decided(self, resolution: str) -> Payment:
        """Disputed by a bank, decided, and booked so."""
        payment = self.paid()
        self.disputed(payment)
        check_disputes()
        self.disputed(payment, event="resolve", resolution=resolution)
        check_disputes()
        return payment

    def at_paystack(self, statement: str, *values: object) -> None:
        """Change Paystack's own books, as no call of ours could."""
        with closing(sqlite3.connect(self.folder / "sandbox.sqlite3", timeout=10)) as books, books:
            assert books.execute(statement, values).rowcount == 1

    def ask(self, path: str, **body: object) -> None:
        """Another program, or a person, that uses the same account at Paystack."""
        key = {"Authorization": f"Bearer {settings.OLUKO_PAYSTACK_SECRET_KEY}"}
        answer = httpx.post(self.sandbox.url + path, json=body, headers=key, timeout=10, trust_env=False)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        if url := data.get("authorization_url"):
            self.sandbox.check_out(url, "success")

    def compare(self, days: float = 2) -> Run:
        run = carry_on(begin(timezone.now() - timedelta(days=days), Run.Cause.COMMAND).pk)
        assert run.finished_at is not None
        return run

    def healthy(self, count: int = 1) -> None:
        """A bit of everything that is normal, so many times."""
        for number in range(count):
            for _each in range(2):
                self.paid()
            self.refunded()
            self.paid_out()
            declined = self.attempt()
            self.sandbox.check_out(declined.authorization_url, "failed")
            check_payment(declined.reference)
            self.attempt()
            self.decided("declined" if number % 2 else "merchant-accepted")


def until(done: Callable[[], bool]) -> None:
    for _ in range(200):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come about")


def earned(tutor: Person, amount: int) -> None:
    with transaction.atomic():
        kinds = Account.Kind
        held, wallet = account(kinds.PAYSTACK_CLEARING, "NGN"), account(kinds.TUTOR_AVAILABLE, "NGN", tutor.pk)
        post([Posting("earned", held, wallet, amount, f"earned:{time.monotonic_ns()}")], at=clock.now())


def found() -> dict[str, str]:
    """What is open, by reference, as `KIND code`."""
    return {item.reference: f"{item.kind} {item.detail.get('found', '')}" for item in open_findings()}


def finding_of(reference: str) -> ReviewItem:
    return ReviewItem.objects.get(reference=reference, resolved_at=None)


@contextmanager
def as_previewed(item: ReviewItem, remedy: Remedy) -> Iterator[None]:
    """What is posted inside is what the operator was shown before; of a refund that is still to be sent, its first."""
    shown = [(line.debit, line.credit, line.amount, line.currency) for line in preview(item, remedy)]
    before = set(Transfer.objects.values_list("pk", flat=True))
    yield
    rows = Transfer.objects.exclude(pk__in=before).select_related("debit", "credit").order_by("pk")
    posted = [(row.debit.get_kind_display(), row.credit.get_kind_display(), row.amount, row.currency) for row in rows]
    if remedy in (Remedy.REFUND_REST, Remedy.SEND_ANEW):
        shown = shown[:1]
    assert sorted(posted) == sorted(shown)
