"""What people are told about a booking: one title and text for each event, in the reader's own time zone."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.bookings.calendar_files import session_file
from oluko.bookings.models import Booking
from oluko.core import clock, money
from oluko.core.times import when_for
from oluko.notifications.notifications import notify

# Title and text of each event. Lazy, so that each reader gets their own language.
TEXTS = {
    "requested": (
        _("%(other)s asks for %(when)s"),
        _("“%(title)s”, %(price)s. Please answer by %(deadline)s."),
    ),
    "approved": (
        _("Approved: %(title)s, %(when)s"),
        _("%(other)s has said yes. Pay %(price)s by %(deadline)s to keep the time. %(notes)s"),
    ),
    "rejected": (_("Not possible: %(title)s, %(when)s"), _("%(other)s cannot take this request. %(notes)s")),
    "request_lapsed": (
        _("No answer in time: %(title)s"),
        _("%(other)s did not answer your request for %(when)s in time. Nothing was charged."),
    ),
    "request_lapsed_tutor": (
        _("A request has lapsed: %(title)s"),
        _("The request of %(other)s for %(when)s was not answered in time."),
    ),
    "hold_lapsed": (
        _("Your hold has ended: %(title)s"),
        _("%(when)s was not paid in time and is free again. Nothing was charged."),
    ),
    "paid": (
        _("%(when)s · %(title)s with %(other)s"),
        _("It is paid and confirmed. Their clock: %(theirs)s. Join from the session's page."),
    ),
    "time_lost": (
        _("Paid too late: %(title)s"),
        _("Your payment of %(price)s arrived when %(when)s was no longer free. All of it goes back to you."),
    ),
    "paid_twice": (
        _("Paid twice: %(title)s"),
        _("A second payment of %(amount)s arrived for this session. All of it goes back to you."),
    ),
    "in_review": (
        _("We are looking at your payment: %(title)s"),
        _("What arrived differs from what was due. Nothing is lost; we will write to you."),
    ),
    "started": (_("%(title)s has started"), _("%(other)s is there. Join from the session's page.")),
    "completed": (_("Completed: %(title)s"), _("The session of %(when)s with %(other)s is complete.")),
    "no_show": (_("Marked as no-show: %(title)s"), _("The session of %(when)s was marked as missed.")),
    "cancelled": (_("Cancelled: %(title)s, %(when)s"), _("The session with %(other)s will not take place.")),
    "refund_due": (_("%(amount)s go back to you"), _("For “%(title)s”, %(when)s. Your bank may need some days.")),
    "refunded": (_("%(amount)s refunded"), _("For “%(title)s”, %(when)s.")),
    "given_back": (_("%(amount)s go back to you"), _("For “%(title)s”, %(when)s. %(why)s")),
    "given_back_tutor": (
        _("Oluko has given money back: %(title)s"),
        _("%(amount)s of it are your part of %(when)s with %(other)s. %(why)s"),
    ),
    "problem_reported": (
        _("%(other)s reports a problem: %(title)s"),
        _("About %(when)s. Say on the session's page how it was for you; the money stays where it is until we decide."),
    ),
    "problem_answered": (
        _("%(other)s has answered: %(title)s"),
        _("It is about the problem that you reported. We decide now, and write to both of you."),
    ),
    "problem_released": (
        _("Decided: %(title)s, %(when)s"),
        _("Nothing goes back to the student; the tutor is paid. %(why)s"),
    ),
    "problem_refunded": (
        _("Decided: %(title)s, %(when)s"),
        _("%(amount)s of %(price)s go back to the student. %(why)s"),
    ),
    "disputed": (
        _("A bank disputes a payment: %(title)s"),
        _(
            "The bank of %(other)s asks for %(amount)s back, paid for %(when)s. What is left of that money is frozen. "
            "%(why)s"
        ),
    ),
    "dispute_won": (
        _("Decided for you: %(title)s"),
        _("The bank leaves the payment for %(when)s where it is. Your part is yours again."),
    ),
    "dispute_lost": (
        _("Decided for the student: %(title)s"),
        _("The bank has taken back the payment for %(when)s with %(other)s. %(amount)s of it were your part."),
    ),
    "released": (_("%(amount)s are available"), _("For “%(title)s” of %(when)s.")),
    "moved": (
        _("Moved: %(title)s, now %(when)s"),
        _("The session with %(other)s was planned for %(other_time)s before. Their clock: %(theirs)s."),
    ),
    "proposed": (
        _("%(other)s proposes %(proposed)s: %(title)s"),
        _("Now it is planned for %(when)s, and it stays there unless you accept. Answer on the session's page."),
    ),
    "proposal_declined": (
        _("Your proposal was declined: %(title)s"),
        _("%(other)s keeps to %(when)s. You had proposed %(other_time)s."),
    ),
    "meeting_pasted": (_("New meeting link: %(title)s"), _("%(other)s has set a link for %(when)s.")),
}


def tell(
    booking: Booking,
    person: Person,
    event: str,
    *,
    amount: int = 0,
    key: str = "",
    other_time: datetime | None = None,
    why: str = "",
) -> None:
    """Notify one of the two of an event, once. Call inside a transaction.

    `amount` in minor units where the text names a sum, `other_time` where it names another start than the booking's;
    `key` tells repeated events of one kind apart; `why` is what the text ends with.
    """
    title, body = TEXTS[event]
    facts = _facts(booking, person, amount) | {
        "other_time": when_for(person, other_time) if other_time else "",
        "why": why,
    }
    notify(
        person,
        event,
        event=f"{event}:{booking.pk}{key}",
        title=str(title) % facts,
        body=(str(body) % facts).strip(),
        url=reverse("session", args=[booking.pk]),
        booking_id=booking.pk,
        # What is over need not enter a calendar any more.
        calendar_file=session_file(booking, person) if booking.ends_at > clock.now() else "",
    )


def tell_both(
    booking: Booking,
    event: str,
    *,
    amount: int = 0,
    key: str = "",
    other_time: datetime | None = None,
    why: str = "",
) -> None:
    """Notify student and tutor of the same event."""
    for person in (booking.student, booking.tutor):
        tell(booking, person, event, amount=amount, key=key, other_time=other_time, why=why)


def _facts(booking: Booking, person: Person, amount: int) -> dict[str, str]:
    """What the texts may name."""
    other = booking.tutor if person.pk == booking.student_id else booking.student
    return {
        "title": booking.title,
        "when": when_for(person, booking.scheduled_at),
        "theirs": when_for(other, booking.scheduled_at),
        "other": other.name,
        "price": money.show(booking.price, booking.currency),
        "amount": money.show(amount, booking.currency),
        "deadline": when_for(person, booking.deadline) if booking.deadline else "",
        "proposed": when_for(person, booking.proposed_at) if booking.proposed_at else "",
        "notes": booking.approval_notes,
    }
