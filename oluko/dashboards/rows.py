"""A booking as one row of a dashboard: its state in words with a sign, and the one thing to do next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.moves import live_proposal, may_move, may_propose
from oluko.conversations.masking import shown
from oluko.core import money


@dataclass(frozen=True)
class Tag:
    """A chip: style, sign, words, and the instant that it counts down to, if any."""

    style: str
    sign: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One row; `answer` shows the forms of approval instead of the action.

    `move` are the words of the way to another time, where there is one; `proposal` is what the tutor proposes;
    `unread` counts the other's messages.
    """

    booking: Booking
    other: Person
    tag: Tag
    action: str
    address: str
    quiet: bool
    answer: bool = False
    note: str = ""
    money: str = ""
    move: str = ""
    proposal: datetime | None = None
    unread: int = 0


_FINAL = {
    Status.COMPLETED: ("ok", "✓"),
    Status.NO_SHOW: ("warn", "✕"),
    Status.CANCELLED: ("mute", "✕"),
    Status.REJECTED: ("warn", "✕"),
}


def student_row(booking: Booking, now: datetime) -> Row:
    """A booking as its student sees it."""
    row, proposal = _student_row(booking, now), live_proposal(booking, now)
    if proposal is not None and not _joinable(booking, now) and not booking.awaits_payment:
        page = reverse("session", args=[booking.pk])
        row = replace(row, tag=Tag("wait", "◷", _("New time proposed")), action=_("Answer"), address=page, quiet=False)
    return replace(row, move=move_words(booking, booking.student, now), proposal=proposal)


def tutor_row(booking: Booking, now: datetime) -> Row:
    """A booking as its tutor sees it."""
    move = move_words(booking, booking.tutor, now)
    return replace(_tutor_row(booking, now), move=move, proposal=live_proposal(booking, now))


def move_words(booking: Booking, person: Person, now: datetime) -> str:
    """The words of the way to another time for the student or the tutor of a booking; empty where there is none."""
    if person.pk == booking.student_id:
        return _("Move") if may_move(booking, now) else ""
    return _("Propose a time") if may_propose(booking, now) else ""


def _student_row(booking: Booking, now: datetime) -> Row:
    page = reverse("session", args=[booking.pk])
    if booking.awaits_payment and not _lapsed(booking, now):
        pay = _("Pay %(price)s") % {"price": money.show(booking.price, booking.currency)}
        tag = Tag("warn", "◷", _("Pay within"), booking.pay_by)
        return Row(booking, booking.tutor, tag, pay, reverse("checkout", args=[booking.pk]), quiet=False)
    joinable = _joinable(booking, now)
    action = _("Open the room") if joinable else _("Details")
    return Row(booking, booking.tutor, _tag(booking, now), action, page, quiet=not joinable, note=_note(booking))


def _tutor_row(booking: Booking, now: datetime) -> Row:
    page = reverse("session", args=[booking.pk])
    if booking.status == Status.PENDING_MENTOR_REVIEW and not _lapsed(booking, now):
        tag = Tag("wait", "◷", _("Answer within"), booking.approval_deadline)
        goal = shown(booking, booking.student_id, booking.tutor_id, booking.notes)
        return Row(booking, booking.student, tag, "", page, quiet=False, answer=True, note=goal)
    if booking.awaits_payment and not _lapsed(booking, now):
        tag = Tag("wait", "◷", _("Waits for payment"), booking.pay_by)
        return Row(booking, booking.student, tag, _("Details"), page, quiet=True)
    tag = _tag(booking, now)
    if _to_be_marked(booking, now):
        return Row(booking, booking.student, tag, _("Say how it went"), page, quiet=False)
    joinable = _joinable(booking, now)
    action = _("Open the room") if joinable else _("Details")
    return Row(booking, booking.student, tag, action, page, quiet=not joinable, note=_note(booking))


def _tag(booking: Booking, now: datetime) -> Tag:
    status = Status(booking.status)
    if status in _FINAL:
        style, sign = _FINAL[status]
        return Tag(style, sign, str(status.label))
    if _lapsed(booking, now):
        return Tag("mute", "✕", _("Time is up"))
    if status == Status.PENDING_MENTOR_REVIEW:
        return Tag("wait", "◷", _("Awaiting approval"), booking.approval_deadline)
    if _to_be_marked(booking, now):
        return Tag("wait", "◷", _("Over, not marked yet"))
    if status == Status.IN_PROGRESS or booking.scheduled_at <= now:
        return Tag("ok", "●", _("Live"), booking.ends_at)
    return Tag("ok", "✓", _("Paid"))


def _note(booking: Booking) -> str:
    """What the other side said, where the state alone does not say enough."""
    if booking.status == Status.REJECTED:
        return booking.approval_notes
    if booking.status == Status.CANCELLED:
        return booking.cancel_note or str(booking.get_cancel_reason_display())
    return ""


def _lapsed(booking: Booking, now: datetime) -> bool:
    return booking.deadline is not None and booking.deadline <= now


def _joinable(booking: Booking, now: datetime) -> bool:
    ahead = booking.status in (Status.SCHEDULED, Status.IN_PROGRESS) and booking.payment_status == PaymentStatus.PAID
    return ahead and booking.opens_at <= now < booking.ends_at


def _to_be_marked(booking: Booking, now: datetime) -> bool:
    held = booking.status in (Status.SCHEDULED, Status.IN_PROGRESS) and booking.payment_status == PaymentStatus.PAID
    return held and booking.ends_at <= now
