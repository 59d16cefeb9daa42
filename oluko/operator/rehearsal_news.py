"""What happens while a bad day is rehearsed: what changed lately, what is not settled yet, and how all stands.

Instants here are real time, because that is what jobs, sweeps and webhooks go by; the clock may run ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks_db.models import DBTaskResult, get_date_max

from oluko.bookings.models import Booking
from oluko.bookings.models import Status as BookingStatus
from oluko.core import money
from oluko.ledger.models import AuditEntry
from oluko.meetings.models import Meeting
from oluko.operator.rehearsal_moves import SUBJECT
from oluko.operator.rehearsal_sandbox import Told
from oluko.payments.events import read_event
from oluko.payments.models import Dispute, Payment, ProviderEvent, Refund, ReviewItem
from oluko.payouts.models import Payout

LATELY = timedelta(hours=1)
SHOWN, UNSETTLED = 12, 8
#: Subjects of the audit trail with the table that each is about, and the column that names its row there.
_TABLES: dict[str, tuple[type[Model], str]] = {
    "booking": (Booking, "pk"),
    "hold": (Booking, "pk"),
    "meeting": (Meeting, "pk"),
    "payment": (Payment, "reference"),
    "payout": (Payout, "reference"),
    "refund": (Refund, "pk"),
    "dispute": (Dispute, "paystack_id"),
    "review": (ReviewItem, "pk"),
}
_CHOICES: dict[str, Any] = {
    "booking": BookingStatus,
    "payment": Payment.Status,
    "payout": Payout.Status,
    "refund": Refund.Status,
    "dispute": Dispute.Status,
    "meeting": Meeting.State,
}


@dataclass(frozen=True)
class News:
    """A line: when, in words, where to look, and whether it is good (`ok`), `bad`, or a button of ours (`press`)."""

    at: datetime
    text: str
    url: str = ""
    tone: str = ""


def happened(told: Iterable[Told]) -> list[News]:
    """The latest of the last hour, newest first. `told`: Paystack's newest events, as the sandbox knows them."""
    since = timezone.now() - LATELY
    entries = AuditEntry.objects.filter(recorded_at__gt=since).order_by("-id")[: 2 * SHOWN]
    webhooks = list(ProviderEvent.objects.filter(received_at__gt=since).order_by("-id")[:SHOWN])
    charged = {one.reference: one.made_at for one in told if one.name == "charge.success"}
    lines = [
        *_of_audit(list(entries), webhooks, charged),
        *(_of_webhook(event) for event in webhooks),
        *(_of_refund(refund) for refund in _refunds(since)),
        *(_of_review(item) for item in ReviewItem.objects.filter(created_at__gt=since).order_by("-created_at")[:SHOWN]),
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:SHOWN]


def unsettled() -> list[News]:
    """What waits for something: jobs that failed, refunds and payouts under way, meetings without a link."""
    jobs = DBTaskResult.objects.defer("traceback").exclude(worker_ids=[])
    waiting = [
        *(_of_job(job) for job in jobs.filter(status__in=["READY", "FAILED"]).order_by("-started_at")[:UNSETTLED]),
        *(_of_refund(refund) for refund in _open_refunds()),
        *(_of_payout(payout) for payout in _open_payouts()),
        *(_of_meeting(meeting) for meeting in _missing_meetings()),
    ]
    return waiting[:UNSETTLED]


def job_counts() -> dict[str, int]:
    """How many jobs are due or will be, how many of them failed before, how many failed for good."""
    ready = DBTaskResult.objects.filter(status__in=["READY", "RUNNING"])
    return {
        "waiting": ready.count(),
        "again": ready.filter(status="READY").exclude(worker_ids=[]).count(),
        "failed": DBTaskResult.objects.failed().count(),
    }


def _of_audit(entries: list[AuditEntry], webhooks: list[ProviderEvent], charged: dict[str, datetime]) -> Iterable[News]:
    rows = _rows_of(entries)
    by_webhook = {_reference(event): event.received_at for event in reversed(webhooks)}
    for entry in entries:
        row = rows.get((entry.subject, entry.subject_id))
        if entry.subject == SUBJECT:
            yield News(entry.recorded_at, entry.why, _page_of(entry), "press")
        elif entry.to_state == entry.from_state:
            continue
        elif isinstance(row, Payment) and entry.to_state == Payment.Status.PAID:
            how = _how_found(row.reference, entry.recorded_at, by_webhook, charged)
            amount = money.show(row.amount, row.currency)
            text = _("%(amount)s of %(student)s arrived: %(how)s") % {
                "amount": amount,
                "student": row.booking.student,
                "how": how,
            }
            yield News(entry.recorded_at, text, _page_of(row), "ok")
        else:
            yield News(entry.recorded_at, _moved(entry, row), _page_of(row or entry), _tone(entry.to_state))


def _how_found(reference: str, at: datetime, by_webhook: dict[str, datetime], charged: dict[str, datetime]) -> str:
    """Whether a webhook brought the news, or we had to ask, and how long after the charge that was."""
    came, made = by_webhook.get(reference), charged.get(reference)
    told = came is not None and came <= at
    if made is None:
        return _("told by a webhook") if told else _("found by asking")
    words = {"seconds": max(1, round((at - made).total_seconds()))}
    if told:
        return _("a webhook told of it, %(seconds)s s after the charge") % words
    return _("no webhook had come; found by asking, %(seconds)s s after the charge") % words


def _rows_of(entries: list[AuditEntry]) -> dict[tuple[str, str], Any]:
    """The rows that entries are about, one query for each table."""
    found: dict[tuple[str, str], Any] = {}
    for subject, (model, column) in _TABLES.items():
        names = {entry.subject_id for entry in entries if entry.subject == subject}
        if not names:
            continue
        rows = model._default_manager.filter(**{f"{column}__in": names})
        if model is Payment:
            rows = rows.select_related("booking__student")
        for row in rows:
            found[subject, str(getattr(row, column))] = row
    return found


def _moved(entry: AuditEntry, row: Any) -> str:
    named = {
        "booking": _("Session"),
        "hold": _("Hold"),
        "meeting": _("Meeting"),
        "payout": _("Payout"),
        "refund": _("Refund"),
        "dispute": _("Dispute"),
        "review": _("Decision"),
    }.get(entry.subject, entry.subject.replace("_", " ").capitalize())
    about = f" “{row.title}”" if isinstance(row, Booking) else ""
    if isinstance(row, Payout | Refund | Dispute):
        about = f" {money.show(row.amount, row.currency)}"
    before, after = _state(entry.subject, entry.from_state), _state(entry.subject, entry.to_state)
    change = f"{before} → {after}" if before else after
    return f"{named}{about}: {change}" + (f" ({entry.why})" if entry.why else "")


def _state(subject: str, name: str) -> str:
    choices = _CHOICES.get(subject)
    known: dict[str, Any] = dict(choices.choices) if choices else {}
    return str(known.get(name, name.replace("_", " ").lower()))


def _tone(state: str) -> str:
    if state in {"RETURNED", "NEEDS_ATTENTION", "LOST", "AWAITING_US", "NO_BALANCE"}:
        return "bad"
    return "ok" if state in {"PAID", "PROCESSED", "OPEN", "WON", "CONFIRMED"} else ""


def _of_webhook(event: ProviderEvent) -> News:
    name, _data = read_event(bytes(event.body))
    said = {"name": name or event.provider}
    if event.handled_at is None:
        text = _("Webhook %(name)s came; not acted upon yet") % said
    else:
        said["seconds"] = f"{max(0.0, (event.handled_at - event.received_at).total_seconds()):.1f}"
        text = _("Webhook %(name)s came; acted upon %(seconds)s s later") % said
    return News(event.received_at, text, _page_of(event), "" if event.handled_at else "bad")


def _reference(event: ProviderEvent) -> str:
    _name, data = read_event(bytes(event.body))
    nested = data.get("transaction")
    named = nested.get("reference") if isinstance(nested, dict) else None
    return str(data.get("reference") or data.get("transaction_reference") or named or "")


def _refunds(since: datetime) -> Iterable[Refund]:
    return Refund.objects.filter(created_at__gt=since).order_by("-created_at")[:SHOWN]


def _open_refunds() -> Iterable[Refund]:
    return Refund.objects.exclude(status=Refund.Status.PROCESSED).order_by("-created_at")[:UNSETTLED]


def _open_payouts() -> Iterable[Payout]:
    return Payout.objects.filter(status__in=Payout.OPEN).select_related("tutor").order_by("-requested_at")[:UNSETTLED]


def _missing_meetings() -> Iterable[Meeting]:
    late = Meeting.objects.filter(state=Meeting.State.WANTED, attempts__gt=0)
    return late.select_related("booking").order_by("-next_try_at")[:UNSETTLED]


def _of_refund(refund: Refund) -> News:
    said = {"amount": money.show(refund.amount, refund.currency), "status": refund.get_status_display()}
    text = _("Refund of %(amount)s: %(status)s") % said
    if refund.outcome:
        text += f" ({refund.outcome})"
    at = max(filter(None, (refund.created_at, refund.sent_at, refund.asked_at, refund.settled_at)))
    return News(at, text, _page_of(refund), _tone(refund.status))


def _of_payout(payout: Payout) -> News:
    said = {
        "amount": money.show(payout.amount, payout.currency),
        "tutor": payout.tutor,
        "status": payout.get_status_display(),
    }
    text = _("Payout of %(amount)s to %(tutor)s: %(status)s") % said
    if payout.outcome:
        text += f" ({payout.outcome})"
    return News(payout.sent_at or payout.next_try_at, text, _page_of(payout), _tone(payout.status))


def _of_meeting(meeting: Meeting) -> News:
    said = {
        "title": meeting.booking.title,
        "attempts": meeting.attempts,
        "error": meeting.error or _("no answer"),
        "again": f"{timezone.localtime(meeting.next_try_at):%H:%M:%S}",
    }
    text = _("No link yet for “%(title)s”: tried %(attempts)s times (%(error)s), again at %(again)s") % said
    return News(meeting.next_try_at, text, _page_of(meeting), "bad")


def _of_review(item: ReviewItem) -> News:
    text = _("To decide: %(kind)s (%(reference)s)") % {"kind": item.get_kind_display(), "reference": item.reference}
    return News(item.created_at, text, _page_of(item), "bad")


def _of_job(job: Any) -> News:
    said = {
        "job": str(job.task_path).removeprefix("oluko.").replace(".tasks.", ": "),
        "times": len(job.worker_ids),
        "error": str(job.exception_class_path).rsplit(".", 1)[-1],
    }
    at = job.finished_at or job.started_at or job.enqueued_at
    if job.status == "FAILED":
        return News(at, _("Job %(job)s failed for good: %(error)s") % said, _page_of(job), "bad")
    said["again"] = f"{timezone.localtime(job.run_after):%H:%M:%S}" if job.run_after < get_date_max() else _("once")
    text = _("Job %(job)s: attempt %(times)s ended with %(error)s; runs again at %(again)s") % said
    return News(at, text, _page_of(job), "bad")


def _page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
