"""Recurring work on bookings."""

from __future__ import annotations

from oluko.bookings.deadlines import lapse_due
from oluko.bookings.reminders import remind_due
from oluko.bookings.sessions import complete_unmarked
from oluko.jobs.recurring import recurring


@recurring("bookings.deadlines", every=2)
def end_lapsed_bookings() -> None:
    """Holds that were not paid, requests that were not answered."""
    lapse_due()


@recurring("bookings.unmarked", every=5)
def complete_unmarked_sessions() -> None:
    """Paid sessions that nobody marked within 24 hours."""
    complete_unmarked()


@recurring("bookings.reminders", every=60)
def remind() -> None:
    """Before sessions and deadlines, and after a session."""
    remind_due()
