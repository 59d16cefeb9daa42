"""Jobs about money. Their rules are imported late, because the rules enqueue them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.tasks import task

from oluko.jobs.backend import Job
from oluko.jobs.groups import done_together
from oluko.jobs.recurring import recurring


@task(queue_name="urgent")
def handle_event_job(event_id: int) -> None:
    """Act upon a stored webhook."""
    from oluko.payments.events import handle_event

    handle_event(event_id)


@task(queue_name="urgent")
def check_payment_job(reference: str) -> None:
    """Ask Paystack about one payment and apply the answer."""
    from oluko.payments.reconcile import check_payment

    check_payment(reference)


@done_together(handle_event_job)
def handle_event_jobs(jobs: Sequence[Job]) -> Sequence[Exception | None]:
    """Act upon stored webhooks that came at the same moment."""
    from oluko.payments.events import handle_events

    return handle_events([(job.args[0], job.request_id) for job in jobs])


@done_together(check_payment_job)
def check_payment_jobs(jobs: Sequence[Job]) -> Sequence[Exception | None]:
    """Ask Paystack about payments, and apply the answers together."""
    from oluko.payments.reconcile import check_payments

    outcomes = check_payments([(job.args[0], job.request_id) for job in jobs])
    return [outcome if isinstance(outcome, Exception) else None for outcome in outcomes]


@task(queue_name="urgent")
def send_refund_job(refund_id: str) -> None:
    """Send one refund to Paystack."""
    from oluko.payments.refunds import send_refund

    send_refund(UUID(refund_id))


@task(queue_name="urgent")
def check_dispute_job(paystack_id: str) -> None:
    """Ask Paystack about one dispute and apply the answer."""
    from oluko.payments.disputes import check_dispute

    check_dispute(paystack_id)


@recurring("payments.restored", every=5, first=True)
def reconcile_restored_payments() -> None:
    """After a restore, what Paystack knows comes before anything else."""
    from oluko.payments.restored import reconcile_restored

    reconcile_restored()


@recurring("payments.holds", every=10)
def extend_ending_holds() -> None:
    """Holds about to end whose payment is under way."""
    from oluko.payments.holds import extend_ending

    extend_ending()


@recurring("payments.pending", every=15)
def check_pending_payments() -> None:
    """Payments left pending, whose webhook never came."""
    from oluko.payments.reconcile import check_pending

    check_pending()


@recurring("payments.refunds", every=5)
def follow_sent_refunds() -> None:
    """Refunds on their way."""
    from oluko.payments.refunds import follow_refunds

    follow_refunds()


@recurring("payments.stuck_refunds", every=600)
def follow_stuck_refunds() -> None:
    """Refunds that wait for the operator and may have been finished at Paystack."""
    from oluko.payments.refunds import follow_stuck

    follow_stuck()


@recurring("payments.disputes", every=600)
def ask_about_disputes() -> None:
    """Disputes that are open, and those of whose opening no webhook told."""
    from oluko.payments.disputes import check_disputes

    check_disputes()


@recurring("payments.receipts", every=5)
def number_new_receipts() -> None:
    """Receipts of what has arrived."""
    from oluko.payments.receipts import number_receipts

    number_receipts()


@recurring("payments.no_shows", every=15)
def conclude_tutors_absences() -> None:
    """Sessions whose tutor was not there, a day after their end."""
    from oluko.payments.no_shows import conclude_absences

    conclude_absences()


@recurring("payments.release", every=5)
def release_due_money() -> None:
    """Pending money whose dispute window has passed."""
    from oluko.payments.release import release_due

    release_due()
