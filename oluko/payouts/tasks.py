"""Jobs of payouts. Their rules are imported late, because the rules enqueue them."""

from __future__ import annotations

from uuid import UUID

from django.tasks import task

from oluko.jobs.recurring import recurring


@task(queue_name="urgent")
def send_payout_job(payout_id: str) -> None:
    """Send one payout to Paystack."""
    from oluko.payouts.sending import send_payout

    send_payout(UUID(payout_id))


@task(queue_name="urgent")
def transfer_event_job(event_id: int) -> None:
    """Act upon a stored webhook about a transfer."""
    from oluko.payouts.events import handle_transfer_event

    handle_transfer_event(event_id)


@recurring("payouts.follow", every=5)
def follow_sent_payouts() -> None:
    """Payouts to be sent, and those on their way."""
    from oluko.payouts.sending import follow_payouts

    follow_payouts()


@recurring("payouts.weekly", every=60)
def ask_for_weekly_payouts() -> None:
    """What tutors have paid out every week."""
    from oluko.payouts.payouts import pay_out_weekly

    pay_out_weekly()
