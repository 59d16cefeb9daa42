"""What an operator does to listings, payments and jobs; each leaves its audit row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.access import get_booking
from oluko.bookings.cancellations import Terms, Who, refund_terms
from oluko.bookings.models import LIVE, Booking
from oluko.core import clock
from oluko.core.errors import Conflict, NotFound
from oluko.jobs import failed
from oluko.ledger.audit import record_change
from oluko.offerings.models import Offering
from oluko.payments.models import Dispute, Payment
from oluko.payments.tasks import check_dispute_job, check_payment_job


def get_offering(offering_id: UUID) -> Offering:
    """Any listing, withdrawn ones too. Raises NotFound."""
    offering = Offering.objects.select_related("tutor").filter(pk=offering_id).first()
    if offering is None:
        raise NotFound("no_such_offering", _("There is no such offering."))
    return offering


@transaction.atomic(durable=True)
def withdraw(operator: Person, offering_id: UUID, *, why: str) -> None:
    """Take a listing off the marketplace for good; its bookings stay. Raises NotFound, Conflict if that was done."""
    get_offering(offering_id)
    rows = Offering.objects.filter(pk=offering_id, withdrawn_at__isnull=True)
    _must_change(rows.update(withdrawn_at=clock.now()))
    record_change("offering", str(offering_id), "LISTED", "WITHDRAWN", actor_id=operator.pk, why=why, at=clock.now())


def cancellable(operator: Person, booking_id: UUID) -> tuple[Booking, Terms]:
    """A live booking and what its student would get back now: all. Raises NotFound, Conflict when it is over."""
    booking = get_booking(operator, booking_id)
    _must_change(booking.status in LIVE)
    return booking, refund_terms(booking, Who.TUTOR, clock.now())


def get_payment(payment_id: UUID) -> Payment:
    """Any payment. Raises NotFound."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise NotFound("no_such_payment", _("There is no such payment."))
    return payment


@transaction.atomic(durable=True)
def ask_about_payment(operator: Person, payment_id: UUID) -> None:
    """Let a worker ask Paystack about a payment now and apply the answer. Raises NotFound."""
    payment = get_payment(payment_id)
    check_payment_job.enqueue(payment.reference)
    record_change(
        "payment", payment.reference, payment.status, payment.status, actor_id=operator.pk, why="Asked", at=clock.now()
    )


def get_dispute(dispute_id: UUID) -> Dispute:
    """Raises NotFound."""
    dispute = Dispute.objects.filter(pk=dispute_id).first()
    if dispute is None:
        raise NotFound("no_such_dispute", _("There is no such dispute."))
    return dispute


@transaction.atomic(durable=True)
def ask_about_dispute(operator: Person, dispute_id: UUID) -> None:
    """A worker asks Paystack how a dispute stands. Raises NotFound."""
    dispute = get_dispute(dispute_id)
    check_dispute_job.enqueue(dispute.paystack_id)
    state, now = dispute.status, clock.now()
    record_change("dispute", dispute.paystack_id, state, state, actor_id=operator.pk, why="Asked", at=now)


def get_failed_job(job_id: UUID) -> Any:
    """Raises NotFound for an unknown job and for one that has not failed."""
    job = DBTaskResult.objects.failed().filter(pk=job_id).first()
    if job is None:
        raise NotFound("no_such_job", _("There is no failed job of this id."))
    return job


@transaction.atomic(durable=True)
def run_job_again(operator: Person, job_id: UUID) -> None:
    """Run a failed job anew. Raises NotFound, Conflict if somebody was quicker."""
    job = get_failed_job(job_id)
    _must_change(failed.run_again(job_id))
    _audit_job(operator, job, "READY", job.task_path)


@transaction.atomic(durable=True)
def give_up_job(operator: Person, job_id: UUID, *, why: str) -> None:
    """Drop a failed job; the audit trail keeps what it was. Raises NotFound, Conflict if somebody was quicker."""
    job = get_failed_job(job_id)
    _must_change(failed.give_up(job_id))
    _audit_job(operator, job, "GIVEN_UP", f"{job.task_path} ({job.exception_class_path}): {why}")


def _audit_job(operator: Person, job: Any, after: str, why: str) -> None:
    record_change("job", str(job.pk), job.status, after, actor_id=operator.pk, why=why, at=clock.now())


def _must_change(changed: object) -> None:
    if not changed:
        raise Conflict("moved_on", _("Nothing to change: this was done already, or is over; reload to see it."))
