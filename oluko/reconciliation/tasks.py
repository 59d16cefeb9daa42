"""Comparisons that come back, and the job that does one: a job may take half a minute, so it does it by and by."""

from __future__ import annotations

from datetime import timedelta

from django.tasks import task
from django.utils import timezone

from oluko.jobs.recurring import recurring

# With the longest call to Paystack that may follow, still within what a job may take.
SECONDS = 8.0


@task(queue_name="outside")
def comparison_job(run_id: int) -> None:
    """Carry a comparison on for a while, and come again while it has not ended."""
    from oluko.reconciliation.comparison import carry_on

    if carry_on(run_id, seconds=SECONDS).finished_at is None:
        comparison_job.enqueue(run_id)


@recurring("reconciliation.daily", every=24 * 3600)
def compare_the_week() -> None:
    """Everything of the last week."""
    _start("DAILY", timedelta(days=7))


@recurring("reconciliation.hourly", every=3600)
def compare_two_days() -> None:
    """The last two days; and what was found before, so that what is settled is gone within the hour."""
    from oluko.reconciliation.comparison import end_abandoned

    end_abandoned()
    _start("HOURLY", timedelta(days=2))


def _start(cause: str, span: timedelta) -> None:
    from oluko.reconciliation.comparison import start
    from oluko.reconciliation.models import Run

    start(timezone.now() - span, Run.Cause(cause))
