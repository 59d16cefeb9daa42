"""Who was there, as the session's page shows it: who is here now, and the timeline of the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus
from oluko.meetings.models import Attendance
from oluko.meetings.presence import AFTER, Stay, is_counted, timeline

_LABELS = dict(Attendance.Source.choices)


@dataclass(frozen=True)
class Shown:
    """A stay with its person and the names of its witnesses."""

    person: Person
    start: datetime
    end: datetime
    witnesses: str
    present: bool


@dataclass(frozen=True)
class Attended:
    """What the page says of presence; `counted` while its own pulse says something about the session."""

    counted: bool
    stays: tuple[Shown, ...]
    here: frozenset[str]

    @property
    def facts(self) -> tuple[object, ...]:
        """What of it a reader sees change; the end of a stay that lasts would change with every pulse."""
        return (
            self.counted,
            tuple((s.person.pk, s.start, None if s.present else s.end, s.witnesses) for s in self.stays),
        )


def attended(booking: Booking, now: datetime) -> Attended:
    """Presence at a paid session; one query from the lobby on, none before."""
    if booking.payment_status == PaymentStatus.PENDING or now < booking.opens_at:
        return Attended(False, (), frozenset())
    people = {booking.tutor_id: booking.tutor, booking.student_id: booking.student}
    stays = tuple(
        _shown(people[stay.person_id], stay)
        for stay in timeline(booking, min(now, booking.ends_at + AFTER))
        if stay.person_id in people
    )
    counted = is_counted(booking, now)
    here = frozenset(str(stay.person.pk) for stay in stays if stay.present and counted)
    return Attended(counted and booking.payment_status == PaymentStatus.PAID, stays, here)


def _shown(person: Person, stay: Stay) -> Shown:
    witnesses = ", ".join(str(_LABELS[source]) for source in stay.sources)
    return Shown(person, stay.start, stay.end, witnesses, stay.present)
