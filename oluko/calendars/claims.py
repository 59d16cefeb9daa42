"""Who holds which quarter hours. UNIQUE(person, quarter) is the proof that nobody is in two live bookings at once.

Quarters are counted from 1970-01-01T00:00Z. Every function here is called inside the transaction of the
booking that it belongs to, and opens none of its own beside a savepoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict
from oluko.core.statements import change, placeholders

MINUTES = 15
SECONDS = MINUTES * 60

type Holds = Mapping[UUID, range]


class TimeTaken(Conflict):
    """Another live booking of the tutor or of the student holds a part of this time."""

    def __init__(self) -> None:
        super().__init__("time_taken", _("This time was taken a moment ago. Please choose another."))


def quarters(start: datetime, minutes: int) -> range:
    """The quarter hours that `minutes` from `start` (aware, on a UTC quarter hour) cover; a part counts as a whole."""
    first = int(start.timestamp()) // SECONDS
    return range(first, first + -(-minutes // MINUTES))


def instant(quarter: int) -> datetime:
    """The UTC instant at which a quarter hour begins."""
    return datetime.fromtimestamp(quarter * SECONDS, UTC)


def lock_people(*people: UUID) -> None:
    """Let who changes one of these calendars wait for us until our transaction ends; always in the order of ids.

    An optimisation where UNIQUE(person, quarter) decides, and what makes counting (a daily cap, open holds) safe.
    """
    # NO KEY UPDATE: rows that only point at a person, as claims do, need not wait.
    list(Person.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))


def take_time(booking_id: UUID, holds: Holds, *, expires_at: datetime | None, teacher: UUID | None = None) -> None:
    """Claim every quarter of every person for the booking, or raise TimeTaken and claim nothing.

    `teacher` is the one of them whose session it is. `expires_at` is the booking's deadline, None once nothing can
    lapse. Call inside a transaction. Rows go in sorted by (person, quarter), so that two takers of the same time
    wait for each other and never deadlock.
    """
    rows = sorted(
        (person, quarter, person == teacher and quarter == held.start)
        for person, held in holds.items()
        for quarter in held
    )
    with transaction.atomic():
        if _insert_free(booking_id, rows, expires_at) < len(rows):
            raise TimeTaken


def release_time(booking_id: UUID) -> int:
    """Free the booking's time; how many quarters that were. Call inside a transaction."""
    return Claim.objects.filter(booking_id=booking_id).delete()[0]


def confirm_time(*booking_ids: UUID) -> int:
    """Let the claims of these bookings never lapse; how many there are. Call inside a transaction."""
    which = placeholders(len(booking_ids))
    return change(f"UPDATE calendars_claim SET expires_at = NULL WHERE booking_id IN ({which})", *booking_ids)  # noqa: S608


def extend_time(booking_id: UUID, expires_at: datetime | None) -> int:
    """Let the booking's claims lapse at another instant; how many there are. Call inside a transaction."""
    return change("UPDATE calendars_claim SET expires_at = %s WHERE booking_id = %s", expires_at, booking_id)


def lapsed_holders(holds: Holds, now: datetime) -> set[UUID]:
    """The bookings that hold a part of this time although their deadline has passed.

    They must not block: the caller expires them first, as the sweep would have a moment later.
    """
    return set(Claim.objects.filter(_within(holds), expires_at__lte=now).values_list("booking_id", flat=True))


def is_free(holds: Holds, now: datetime, *, besides: UUID) -> bool:
    """Whether no live booking, that one left aside, holds a part of this time. A look that takes nothing."""
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return not Claim.objects.filter(_within(holds), lasting).exclude(booking_id=besides).exists()


def _within(holds: Holds) -> Q:
    wanted = Q(pk__in=[])
    for person, held in holds.items():
        wanted |= Q(person_id=person, quarter__gte=held.start, quarter__lt=held.stop)
    return wanted


def _insert_free(booking_id: UUID, rows: Sequence[tuple[UUID, int, bool]], expires_at: datetime | None) -> int:
    """Insert the claims that conflict with nobody's; how many went in.

    SQL by hand because Django's bulk_create(ignore_conflicts=True) does not say how many rows it wrote, and
    counting afterwards would count what a concurrent transaction for the same booking has just committed.
    """
    if not rows:
        return 0
    fields = Claim._meta.concrete_fields[1:]  # without its own id
    values = [
        field.get_db_prep_save(value, connection)
        for person, quarter, opens in rows
        for field, value in zip(fields, (person, quarter, booking_id, expires_at, opens), strict=True)
    ]
    places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    columns = "(person_id, quarter, booking_id, expires_at, opens)"
    sql = f"INSERT INTO calendars_claim {columns} VALUES {places} ON CONFLICT (person_id, quarter) DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
