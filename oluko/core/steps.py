"""The places between two steps where a crash hurts most, by name, so that crashes can be rehearsed there.

Each lies after something has become true in one place (the database, Paystack, Zoom, a mail server) and before it is
known in the other. In sandbox mode, with OLUKO_STOP_FILE set, the first process that reaches the step whose name that
file holds takes the file away and ends by SIGKILL; otherwise nothing happens here.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from pathlib import Path

from django.conf import settings


class Step(StrEnum):
    """Where a process may be stopped. "Written" means: in a transaction that is not committed yet."""

    TIME_HELD = "time-held"
    PAGE_WANTED = "page-wanted"
    PAGE_GIVEN = "page-given"
    WEBHOOK_RECEIVED = "webhook-received"
    WEBHOOK_WRITTEN = "webhook-written"
    WEBHOOK_STORED = "webhook-stored"
    WEBHOOK_ACTED_ON = "webhook-acted-on"
    CHARGE_CLAIMED = "charge-claimed"
    CHARGE_WRITTEN = "charge-written"
    CHARGE_BOOKED = "charge-booked"
    CANCELLATION_WRITTEN = "cancellation-written"
    CANCELLED = "cancelled"
    REFUND_CLAIMED = "refund-claimed"
    REFUND_SENT = "refund-sent"
    REFUND_SETTLED = "refund-settled"
    MEETING_COUNTED = "meeting-counted"
    MEETING_MADE = "meeting-made"
    MEETING_KEPT = "meeting-kept"
    MEETING_MOVED = "meeting-moved"
    MEETING_DELETED = "meeting-deleted"
    MAIL_SENT = "mail-sent"
    SESSION_MARKED = "session-marked"
    PROBLEM_WRITTEN = "problem-written"
    PROBLEM_DECIDED = "problem-decided"
    DISPUTE_WRITTEN = "dispute-written"
    RELEASE_WRITTEN = "release-written"
    ACCOUNT_RESOLVED = "account-resolved"
    PAYOUT_WRITTEN = "payout-written"
    PAYOUT_ASKED_FOR = "payout-asked-for"
    PAYOUT_CLAIMED = "payout-claimed"
    PAYOUT_SENT = "payout-sent"
    PAYOUT_SETTLED = "payout-settled"
    JOB_CLAIMED = "job-claimed"
    JOB_DONE = "job-done"
    TICK_CLAIMED = "tick-claimed"


def reached(step: Step) -> None:
    """End this process here if that is being rehearsed; otherwise nothing, and at once."""
    if settings.OLUKO_STOP_FILE:
        _stop_if_wanted(step, Path(settings.OLUKO_STOP_FILE))


def _stop_if_wanted(step: Step, file: Path) -> None:
    try:
        if file.read_text().strip() != step:
            return
        # Of several processes that are here at once, the one that takes the file away is the one that ends.
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
