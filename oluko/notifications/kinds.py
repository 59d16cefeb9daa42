"""What people can be told, kind by kind, and the groups in which they choose what reaches them.

A room says what it tells in one table of `Telling`s and hands it to `know`. Adding a kind is adding one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from oluko.notifications.models import Notification

type StillTrue = Callable[[Notification], bool]
type CalendarFile = Callable[[Notification], str]


class Channel(models.TextChoices):
    """The ways out. The page has everything, so it is no channel that one could switch off."""

    MAIL = "MAIL", _("E-mail")
    PUSH = "PUSH", _("On your devices")


class Group(models.TextChoices):
    """What people choose by, in the order of the page."""

    SESSIONS = "SESSIONS", _("Sessions")
    REQUESTS = "REQUESTS", _("Requests and payment")
    REMINDERS = "REMINDERS", _("Reminders")
    MESSAGES = "MESSAGES", _("Messages")
    COURSES = "COURSES", _("Courses")
    MONEY = "MONEY", _("Money")
    IMPORTANT = "IMPORTANT", _("Changed times and security")


EXPLAINED = {
    Group.SESSIONS: _("Confirmed, another time proposed, a meeting link, how it ended."),
    Group.REQUESTS: _("Asked for, approved, declined, not paid in time."),
    Group.REMINDERS: _("A day, an hour and ten minutes before a session, before a deadline, and after a session."),
    Group.MESSAGES: _("What your student or tutor writes to you."),
    Group.COURSES: _("When you have completed one."),
    Group.MONEY: _("Refunds, payouts, problems and disputes."),
    Group.IMPORTANT: _("Moved and cancelled sessions, and a new bank account."),
}

# These always come by e-mail, and at any hour: who missed one would lose a session or money by it.
LOCKED = frozenset({Group.MONEY, Group.IMPORTANT})
# What waits for the end of quiet hours; a mail makes no noise, so it waits only where it is chatter.
WAITS: dict[Channel, frozenset[Group]] = {
    Channel.MAIL: frozenset({Group.REMINDERS, Group.MESSAGES, Group.COURSES}),
    Channel.PUSH: frozenset(Group) - LOCKED,
}


@dataclass(frozen=True)
class Telling:
    """One kind: its group, its title and text with places to fill (`%(when)s`), and the mail's subject if it differs.

    Words are lazy, so that each reader gets their own language.
    """

    group: Group
    title: Any
    body: Any = ""
    subject: Any = ""


KINDS: dict[str, Telling] = {}
_CHECKS: dict[str, StillTrue] = {}
_FILES: dict[str, CalendarFile] = {}


def know(tellings: Mapping[str, Telling]) -> None:
    """Add a room's kinds; raises ValueError where a name is taken by another telling."""
    for name, telling in tellings.items():
        if KINDS.setdefault(name, telling) is not telling:
            raise ValueError(f"Two kinds of notification are called {name}.")


def check_by(check: StillTrue, kinds: Iterable[str]) -> None:
    """Ask `check` in the moment of sending whether these kinds are still true; what is not is not sent."""
    _CHECKS.update(dict.fromkeys(kinds, check))


def file_by(compose: CalendarFile, kinds: Iterable[str]) -> None:
    """Let `compose` write the calendar file of these kinds, in the moment of sending: iCalendar text, or nothing."""
    _FILES.update(dict.fromkeys(kinds, compose))


def calendar_file_of(notification: Notification) -> str:
    """The iCalendar text that a mail brings along, as things stand now; empty where there is none."""
    compose = _FILES.get(notification.kind)
    return compose(notification) if compose else ""


def group_of(kind: str) -> Group:
    """The group of a kind; one that nobody has made known always goes out."""
    telling = KINDS.get(kind)
    return telling.group if telling else Group.IMPORTANT


def still_true(notification: Notification) -> bool:
    """Whether what a notification says holds now, as far as its room can tell."""
    check = _CHECKS.get(notification.kind)
    return check is None or check(notification)
