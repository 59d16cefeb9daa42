"""The comparison of our books with Paystack's lists: page by page, step by step, from wherever it stood.

The lists only tell what is worth a look. What looks wrong is asked about by its own name before it becomes a finding,
because it may have changed since its page was read. A comparison that Paystack does not let end closes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from oluko.core.database import repeat_on_deadlock
from oluko.core.gateway import GatewayError
from oluko.payments.paystack import paystack
from oluko.reconciliation import charges, disputes, refunds, transfers
from oluko.reconciliation.findings import Examined, Subject, close_unseen, open_findings, remember, subject_of
from oluko.reconciliation.models import Run
from oluko.reconciliation.settled import examine_line
from oluko.reconciliation.tasks import comparison_job

# A row of ours is there before Paystack's; clocks may differ by as much.
MARGIN = timedelta(minutes=10)
ABANDONED = timedelta(hours=2)


@dataclass(frozen=True)
class Listing:
    """One of Paystack's lists: `read(since, page)`, what a row is called, and which rows are worth a look."""

    count: str
    subject: Subject
    read: Callable[[datetime, int], Sequence[Any]]
    name: Callable[[Any], str]
    worth_a_look: Callable[[Sequence[Any]], list[str]]


# Disputes and refunds come first: they explain charges that went back.
EXAMINE: dict[Subject, Callable[[str], Examined]] = {
    Subject.DISPUTE: disputes.examine_dispute,
    Subject.REFUNDS: refunds.examine_refunds,
    Subject.PAYOUT: transfers.examine_payout,
    Subject.CHARGE: charges.examine_charge,
    Subject.SETTLEMENT: examine_line,
}


def begin(since: datetime, cause: Run.Cause, *, asked_by: UUID | None = None) -> Run:
    """Note a comparison of everything since an instant (real time); `carry_on` does it."""
    return Run.objects.create(since=since, cause=cause, asked_by_id=asked_by)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def start(since: datetime, cause: Run.Cause, *, asked_by: UUID | None = None) -> Run:
    """As `begin`, done by a worker; where one that covers it has yet to end, that one."""
    running = Run.objects.filter(finished_at__isnull=True, since__lte=since).first()
    if running is not None:
        return running
    run = begin(since, cause, asked_by=asked_by)
    comparison_job.enqueue(run.pk)
    return run


def carry_on(run_id: int, *, seconds: float | None = None) -> Run:
    """Go on with a comparison until it has ended, or for about so many seconds; then it may be carried on again.

    Where Paystack does not answer, that is its end: the run says so, and nothing is closed.
    """
    run = Run.objects.get(pk=run_id)
    stop_at = None if seconds is None else time.monotonic() + seconds
    while run.finished_at is None and (stop_at is None or time.monotonic() < stop_at):
        try:
            _step(run)
        except GatewayError as problem:
            run.error, run.finished_at, run.standing = str(problem)[:300], timezone.now(), {}
        # Kept after each step, so that a worker that has to stop loses one page at most.
        run.save()
    return run


def examine(subject: Subject, name: str) -> Examined:
    """Ask about one thing by its name, apply what is news, and tell what still differs. Raises GatewayError."""
    return EXAMINE[subject](name)


def look_again(subject: Subject, name: str) -> bool:
    """Compare one thing at once: its findings are renewed, or closed. True if any is open. Raises GatewayError."""
    started = timezone.now()
    is_open = [remember(finding) for finding in examine(subject, name).findings]
    close_unseen(started, of=(subject, name))
    return any(is_open)


def end_abandoned() -> int:
    """Say of comparisons that nobody carries on that they have ended; how many."""
    long_ago = Run.objects.filter(finished_at__isnull=True, started_at__lte=timezone.now() - ABANDONED)
    return long_ago.update(finished_at=timezone.now(), error="It was broken off.", standing={})


def _listings() -> tuple[Listing, ...]:
    client = paystack()
    by_reference: Callable[[Any], str] = lambda row: row.reference  # noqa: E731
    return (
        Listing("disputes", Subject.DISPUTE, client.disputes_since, lambda row: row.paystack_id, disputes.worth_a_look),
        Listing("refunds", Subject.REFUNDS, client.refunds_since, lambda row: row.note, refunds.worth_a_look),
        Listing("payouts", Subject.PAYOUT, client.transfers_since, by_reference, transfers.worth_a_look),
        Listing("payments", Subject.CHARGE, client.charges_since, by_reference, charges.worth_a_look),
        Listing(
            "payments",
            Subject.CHARGE,
            partial(client.charges_since, status="reversed"),
            by_reference,
            charges.worth_a_look,
        ),
    )


def _step(run: Run) -> None:
    standing = run.standing
    listings = _listings()
    if standing.get("list", 0) < len(listings):
        _read_page(run, listings[standing.get("list", 0)])
    elif "waiting" not in standing:
        standing["waiting"] = _worth_a_look(run)
    elif standing["waiting"]:
        subject, name = standing["waiting"].pop(0)
        _examine_one(run, Subject(subject), name)
    else:
        run.closed = close_unseen(run.started_at)
        run.finished_at, run.standing = timezone.now(), {}


def _read_page(run: Run, listing: Listing) -> None:
    standing, page = run.standing, run.standing.get("page", 1)
    rows = listing.read(run.since - MARGIN, page)
    standing.setdefault("told", {}).setdefault(listing.subject, []).extend(listing.name(row) for row in rows)
    standing.setdefault("suspect", []).extend([listing.subject, name] for name in listing.worth_a_look(rows))
    run.counts[listing.count] = run.counts.get(listing.count, 0) + len(rows)
    standing["page"] = page + 1
    if not rows:
        standing["list"], standing["page"] = standing.get("list", 0) + 1, 1


def _worth_a_look(run: Run) -> list[tuple[str, str]]:
    """What the lists did not have as we have it, what they lack, what is stuck, and what was found before."""
    told = {subject: set(names) for subject, names in run.standing.pop("told", {}).items()}
    found: list[tuple[str, str]] = [(subject, name) for subject, name in run.standing.pop("suspect", [])]
    ours: tuple[tuple[Subject, Callable[[datetime, set[str]], list[str]], Callable[[], list[str]]], ...] = (
        (Subject.DISPUTE, disputes.not_told, list),
        (Subject.REFUNDS, refunds.not_told, refunds.stuck_refunds),
        (Subject.PAYOUT, transfers.not_told, transfers.stuck_payouts),
        (Subject.CHARGE, charges.not_told, charges.stuck_attempts),
    )
    for subject, not_told, stuck in ours:
        found += [(subject, name) for name in (*not_told(run.since, told.get(subject, set())), *stuck())]
    found += [subject for subject in map(subject_of, open_findings()) if subject]
    order = list(EXAMINE)
    return sorted(dict.fromkeys(found), key=lambda each: order.index(Subject(each[0])))


def _examine_one(run: Run, subject: Subject, name: str) -> None:
    examined = examine(subject, name)
    run.mended += examined.mended
    known = run.standing.setdefault("found", [])
    for finding in examined.findings:
        if remember(finding) and finding.key not in known:
            known.append(finding.key)
            run.found += 1
