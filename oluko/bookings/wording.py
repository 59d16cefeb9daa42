"""What people are told about a booking: one title and text for each event, in the reader's own time zone."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.bookings.calendar_files import session_file
from oluko.bookings.models import FINAL, Booking, Status
from oluko.core import clock, money
from oluko.core.addresses import page_of
from oluko.core.times import both_clocks, show, when_for
from oluko.notifications.kinds import Group, Telling, check_by, file_by, know
from oluko.notifications.models import Notification
from oluko.notifications.notifications import Message, notify_all

# What is told of each event: its group, title and text, and the mail's subject where that differs. A new kind is one
# entry here; `%(session)s` is the session as a subject names it, "Tue 5 May, 15:00 (Lagos) · React help with Tunde".
TEXTS: dict[str, Telling] = {
    "requested": Telling(
        Group.REQUESTS,
        _("%(other)s asks for %(when)s"),
        _("“%(title)s”, %(price)s. Please answer by %(deadline)s."),
        subject=_("Asked for: %(session)s"),
    ),
    "approved": Telling(
        Group.REQUESTS,
        _("Approved: %(title)s, %(when)s"),
        _("%(other)s has said yes. Pay %(price)s by %(deadline)s to keep the time. %(notes)s"),
        subject=_("Approved, please pay: %(session)s"),
    ),
    "rejected": Telling(
        Group.REQUESTS, _("Not possible: %(title)s, %(when)s"), _("%(other)s cannot take this request. %(notes)s")
    ),
    "request_lapsed": Telling(
        Group.REQUESTS,
        _("No answer in time: %(title)s"),
        _("%(other)s did not answer your request for %(when)s in time. Nothing was charged."),
    ),
    "request_lapsed_tutor": Telling(
        Group.REQUESTS,
        _("A request has lapsed: %(title)s"),
        _("The request of %(other)s for %(when)s was not answered in time."),
    ),
    "hold_lapsed": Telling(
        Group.REQUESTS,
        _("Your hold has ended: %(title)s"),
        _("%(when)s was not paid in time and is free again. Nothing was charged."),
    ),
    "paid": Telling(
        Group.SESSIONS,
        _("%(when)s · %(title)s with %(other)s"),
        _("It is paid and confirmed. Their clock: %(theirs)s. Join from the session's page."),
        subject="%(session)s",
    ),
    "time_lost": Telling(
        Group.MONEY,
        _("Paid too late: %(title)s"),
        _("Your payment of %(price)s arrived when %(when)s was no longer free. All of it goes back to you."),
    ),
    "paid_twice": Telling(
        Group.MONEY,
        _("Paid twice: %(title)s"),
        _("A second payment of %(amount)s arrived for this session. All of it goes back to you."),
    ),
    "in_review": Telling(
        Group.MONEY,
        _("We are looking at your payment: %(title)s"),
        _("What arrived differs from what was due. Nothing is lost; we will write to you."),
    ),
    "started": Telling(
        Group.SESSIONS,
        _("%(title)s has started"),
        _("%(other)s is there. Join from the session's page."),
        subject=_("Now: %(session)s"),
    ),
    "completed": Telling(
        Group.SESSIONS, _("Completed: %(title)s"), _("The session of %(when)s with %(other)s is complete.")
    ),
    "no_show": Telling(
        Group.SESSIONS, _("Marked as no-show: %(title)s"), _("The session of %(when)s was marked as missed.")
    ),
    "cancelled": Telling(
        Group.IMPORTANT,
        _("Cancelled: %(title)s, %(when)s"),
        _("The session with %(other)s will not take place."),
        subject=_("Cancelled: %(session)s"),
    ),
    "refund_due": Telling(
        Group.MONEY, _("%(amount)s go back to you"), _("For “%(title)s”, %(when)s. Your bank may need some days.")
    ),
    "refunded": Telling(Group.MONEY, _("%(amount)s refunded"), _("For “%(title)s”, %(when)s.")),
    "given_back": Telling(Group.MONEY, _("%(amount)s go back to you"), _("For “%(title)s”, %(when)s. %(why)s")),
    "given_back_tutor": Telling(
        Group.MONEY,
        _("Oluko has given money back: %(title)s"),
        _("%(amount)s of it are your part of %(when)s with %(other)s. %(why)s"),
    ),
    "problem_reported": Telling(
        Group.MONEY,
        _("%(other)s reports a problem: %(title)s"),
        _("About %(when)s. Say on the session's page how it was for you; the money stays where it is until we decide."),
    ),
    "problem_answered": Telling(
        Group.MONEY,
        _("%(other)s has answered: %(title)s"),
        _("It is about the problem that you reported. We decide now, and write to both of you."),
    ),
    "problem_released": Telling(
        Group.MONEY,
        _("Decided: %(title)s, %(when)s"),
        _("Nothing goes back to the student; the tutor is paid. %(why)s"),
    ),
    "problem_refunded": Telling(
        Group.MONEY,
        _("Decided: %(title)s, %(when)s"),
        _("%(amount)s of %(price)s go back to the student. %(why)s"),
    ),
    "disputed": Telling(
        Group.MONEY,
        _("A bank disputes a payment: %(title)s"),
        _(
            "The bank of %(other)s asks for %(amount)s back, paid for %(when)s. What is left of that money is frozen. "
            "%(why)s"
        ),
    ),
    "dispute_won": Telling(
        Group.MONEY,
        _("Decided for you: %(title)s"),
        _("The bank leaves the payment for %(when)s where it is. Your part is yours again."),
    ),
    "dispute_lost": Telling(
        Group.MONEY,
        _("Decided for the student: %(title)s"),
        _("The bank has taken back the payment for %(when)s with %(other)s. %(amount)s of it were your part."),
    ),
    "released": Telling(Group.MONEY, _("%(amount)s are available"), _("For “%(title)s” of %(when)s.")),
    "moved": Telling(
        Group.IMPORTANT,
        _("Moved: %(title)s, now %(when)s"),
        _("The session with %(other)s was planned for %(other_time)s before. Their clock: %(theirs)s."),
        subject=_("Moved: %(session)s"),
    ),
    "proposed": Telling(
        Group.SESSIONS,
        _("%(other)s proposes %(proposed)s: %(title)s"),
        _("Now it is planned for %(when)s, and it stays there unless you accept. Answer on the session's page."),
    ),
    "proposal_declined": Telling(
        Group.SESSIONS,
        _("Your proposal was declined: %(title)s"),
        _("%(other)s keeps to %(when)s. You had proposed %(other_time)s."),
    ),
    "outcome_held": Telling(
        Group.SESSIONS,
        _("How was it? %(title)s"),
        _("Both of you were there on %(when)s. It counts as held unless one of you reports a problem within a day."),
    ),
    "outcome_student_absent": Telling(
        Group.IMPORTANT,
        _("Missed? %(title)s, %(when)s"),
        _("We did not see the student there. It counts as the student's no-show unless one of you objects in a day."),
    ),
    "outcome_tutor_absent": Telling(
        Group.IMPORTANT,
        _("Missed? %(title)s, %(when)s"),
        _("We did not see the tutor there. All of the money goes back unless one of you objects within a day."),
    ),
    "outcome_unknown": Telling(
        Group.SESSIONS,
        _("How was it? %(title)s"),
        _("We could not see who was there on %(when)s. It counts as held unless one of you reports a problem."),
    ),
    "tutor_no_show": Telling(
        Group.MONEY,
        _("The tutor was not there: %(title)s"),
        _("The session of %(when)s did not take place. All of the money goes back to the student."),
    ),
    "meeting_pasted": Telling(
        Group.SESSIONS,
        _("New meeting link: %(title)s"),
        _("%(other)s has set a link for %(when)s."),
        subject=_("New link: %(session)s"),
    ),
    "reminder_day": Telling(
        Group.REMINDERS,
        _("%(when)s · %(title)s with %(other)s"),
        _("Your session is coming up. Their clock: %(theirs)s. If you cannot make it, move or cancel it now."),
        subject="%(session)s",
    ),
    "reminder_hour": Telling(
        Group.REMINDERS,
        _("Soon: %(title)s with %(other)s, %(when)s"),
        _("The session's page opens its room 15 minutes before the start; camera and microphone can be tried there."),
        subject="%(session)s",
    ),
    "reminder_minutes": Telling(
        Group.REMINDERS,
        _("About to begin: %(title)s with %(other)s, %(when)s"),
        _("The room is open. Come in from the session's page."),
        subject=_("About to begin: %(session)s"),
    ),
    "answer_day": Telling(
        Group.REMINDERS,
        _("%(other)s waits for your answer: %(title)s"),
        _("Asked for: %(when)s. Please answer by %(deadline)s; after that the request lapses."),
    ),
    "answer_soon": Telling(
        Group.REMINDERS,
        _("Last call: %(other)s waits for your answer"),
        _("“%(title)s”, %(when)s. The request lapses at %(deadline)s."),
    ),
    "pay_half": Telling(
        Group.REMINDERS,
        _("Still to pay: %(title)s, %(when)s"),
        _("%(other)s has said yes. Pay %(price)s by %(deadline)s to keep the time."),
        subject=_("Still to pay: %(session)s"),
    ),
    "pay_soon": Telling(
        Group.REMINDERS,
        _("Last call to pay: %(title)s, %(when)s"),
        _("At %(deadline)s the time goes back to others. Nothing is charged if you let it go."),
        subject=_("Last call to pay: %(session)s"),
    ),
    "over_student": Telling(
        Group.REMINDERS,
        _("How was %(title)s with %(other)s?"),
        _("Book the next hour while it is fresh. If something went wrong, report it before the tutor is paid."),
    ),
    "over_tutor": Telling(
        Group.REMINDERS,
        _("How did it go with %(other)s? %(title)s"),
        _("Say whether the session took place. Unmarked, it counts as completed after 24 hours."),
    ),
}
know(TEXTS)


# What recurs in messages.
_WORDS = {
    "when": _("When"),
    "other_time": _("Other time"),
    "what": _("What"),
    "minutes": _("%(minutes)s min"),
    "whom": _("With"),
    "together": _("with"),
    "price": _("Price"),
    "page": _("Open the session's page"),
    "move": _("Move it"),
    "cancel": _("Cancel it"),
    "answer": _("Answer the request"),
    "pay": _("Pay %(price)s"),
    "again": _("Book again"),
}


@cache
def _words(_language: str | None) -> dict[str, str]:
    """`_WORDS` in the current language, by which they are kept: to look them up takes longer than to compose."""
    return {name: str(word) for name, word in _WORDS.items()}


@cache
def _texts(event: str, _language: str | None) -> tuple[str, str, str]:
    """Title, body and subject of an event in the current language, with places to fill."""
    told = TEXTS[event]
    return str(told.title), str(told.body), str(told.subject)


def compose(
    booking: Booking,
    person: Person,
    event: str,
    *,
    amount: int = 0,
    key: str = "",
    other_time: datetime | None = None,
    why: str = "",
    useful_until: datetime | None = None,
) -> Message:
    """What one of the two is told of an event; nothing is stored.

    `amount` in minor units where the text names a sum, `other_time` where it names another start than the booking's;
    `key` tells repeated events of one kind apart; `why` is what the text ends with; after `useful_until` it is not
    sent any more.
    """
    title, body, subject = _texts(event, get_language())
    facts = _facts(booking, person, amount) | {
        "other_time": when_for(person, other_time) if other_time else "",
        "why": why,
    }
    return Message(
        person,
        event,
        event=f"{event}:{booking.pk}{key}",
        title=title % facts,
        body=(body % facts).strip(),
        subject=subject % facts,
        url=page_of("session", booking.pk),
        booking_id=booking.pk,
        version=booking.version,
        about_at=booking.scheduled_at,
        useful_until=useful_until,
        facts=_rows(booking, person, other_time),
        links=links_for(booking, person),
    )


def tell(booking: Booking, person: Person, event: str, **more: Any) -> None:
    """Notify one of the two of an event, once; `more` as for `compose`. Call inside a transaction."""
    notify_all([compose(booking, person, event, **more)])


def tell_both(booking: Booking, event: str, **more: Any) -> None:
    """Notify student and tutor of the same event; `more` as for `compose`. Call inside a transaction."""
    notify_all(compose_both(booking, event, **more))


def compose_both(booking: Booking, event: str, **more: Any) -> list[Message]:
    """What student and tutor are told of the same event; nothing is stored, `more` as for `compose`."""
    return [compose(booking, person, event, **more) for person in (booking.student, booking.tutor)]


def links_for(booking: Booking, person: Person) -> list[tuple[str, str]]:
    """What the person may do about the booking now, the likeliest first; every path is a page that asks first."""
    words = _words(get_language())
    page = (words["page"], page_of("session", booking.pk))
    move = (words["move"], page_of("session_move", booking.pk))
    cancel = (words["cancel"], page_of("session_cancel", booking.pk))
    is_student = person.pk == booking.student_id
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        return [page, cancel] if is_student else [(words["answer"], page[1])]
    if booking.awaits_payment:
        price = money.show(booking.price, booking.currency)
        pay = (words["pay"] % {"price": price}, page_of("checkout", booking.pk))
        return [pay, page, cancel] if is_student else [page, cancel]
    if booking.status == Status.SCHEDULED and booking.scheduled_at > clock.now():
        return [page, move, cancel]
    if is_student and booking.offering_id and (booking.status in FINAL or booking.ends_at <= clock.now()):
        return [page, (words["again"], page_of("offering", booking.offering_id))]
    return [page]


def _rows(booking: Booking, person: Person, before: datetime | None) -> list[tuple[str, str]]:
    """What every mail about a session shows: the time on both clocks, with whom, how long, how much."""
    other, words = _other(booking, person), _words(get_language())
    rows = [(words["when"], both_clocks(booking.scheduled_at, person, other))]
    if before:
        rows.append((words["other_time"], both_clocks(before, person, other)))
    return [
        *rows,
        (words["what"], f"{booking.title}, {words['minutes'] % {'minutes': booking.duration}}"),
        (words["whom"], other.name),
        (words["price"], money.show(booking.price, booking.currency)),
    ]


def _other(booking: Booking, person: Person) -> Person:
    return booking.tutor if person.pk == booking.student_id else booking.student


def _facts(booking: Booking, person: Person, amount: int) -> dict[str, str]:
    """What the texts may name."""
    other = _other(booking, person)
    short = show(booking.scheduled_at, "short", ZoneInfo(person.time_zone))
    together = _words(get_language())["together"]
    return {
        "title": booking.title,
        "when": when_for(person, booking.scheduled_at),
        "session": f"{short} · {booking.title} {together} {other.name.split(' ')[0] or other.name}",
        "theirs": when_for(other, booking.scheduled_at),
        "other": other.name,
        "price": money.show(booking.price, booking.currency),
        "amount": money.show(amount, booking.currency),
        "deadline": when_for(person, booking.deadline) if booking.deadline else "",
        "proposed": when_for(person, booking.proposed_at) if booking.proposed_at else "",
        "notes": booking.approval_notes,
    }


def _still_true(notification: Notification) -> bool:
    """Whether the booking still stands at the time that was told, and still waits for what was asked."""
    if notification.booking_id is None:
        return True
    booking = Booking.objects.filter(pk=notification.booking_id).first()
    if booking is None or booking.scheduled_at != notification.about_at:
        return False
    if notification.kind == "requested":
        return booking.status == Status.PENDING_MENTOR_REVIEW
    if notification.kind == "approved":
        return booking.awaits_payment
    if notification.kind == "proposed":
        return booking.status == Status.SCHEDULED and booking.proposed_at is not None
    return booking.status not in (Status.CANCELLED, Status.REJECTED)


# News of a time that is not true any more would mislead; whatever took its place is told by itself.
check_by(_still_true, ("requested", "approved", "paid", "moved", "proposed", "started"))


def _calendar_file(notification: Notification) -> str:
    """The session as it stands when the mail goes out: who moved on meanwhile has a higher number in it."""
    if notification.booking_id is None:
        return ""
    booking = Booking.objects.select_related("tutor", "student").filter(pk=notification.booking_id).first()
    # What is over need not enter a calendar any more.
    if booking is None or booking.ends_at <= clock.now():
        return ""
    return session_file(booking, notification.person)


file_by(_calendar_file, TEXTS)
