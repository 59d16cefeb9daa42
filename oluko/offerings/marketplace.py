"""Searching what is offered: the hot read of the site.

Only live offerings of active tutors and mentors are ever seen. Pages are keyset pages: a cursor names the last row,
so that page 500 costs what page 1 costs. SQL by hand, because building it costs the ORM more than running it costs
the database; it is plain enough for both engines, and `tests/offerings/test_plans.py` reads its plans.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import connection
from django.utils.translation import gettext as _

from oluko.calendars.slots import next_free_of
from oluko.core.errors import Invalid
from oluko.core.money import parse_major
from oluko.offerings.models import DURATIONS, Offering

SORTS = ("newest", "price", "soonest")
PAGE, LARGEST_PAGE = 24, 100
LONGEST_TEXT = 100
# "Soonest" ranks the newest this many that match; a count stops here too.
RANKED = COUNTED = 1000
_NEVER = "9999"
_FIELDS = {field.name: field for field in Offering._meta.concrete_fields}


class Listing(NamedTuple):
    """One live offering as lists show it; price in minor units, duration in minutes, `photo` a path or empty."""

    id: UUID
    title: str
    description: str
    duration: int
    price: int
    currency: str
    booking_mode: str
    cancellation_policy: str
    created_at: datetime
    tutor_id: UUID
    tutor_name: str
    headline: str
    photo: str
    verified: bool
    course_id: UUID | None
    course_title: str | None
    course_slug: str | None

    @property
    def avatar(self) -> str:
        """The address of the tutor's photo, empty without one."""
        return default_storage.url(self.photo) if self.photo else ""

    @property
    def initials(self) -> str:
        """What stands where a tutor has no photo."""
        words = self.tutor_name.split() or ["?"]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor looks for; prices in minor units, duration in minutes. Raises Invalid for impossible values."""

    q: str = ""
    tutor_id: UUID | None = None
    course_id: UUID | None = None
    min_price: int | None = None
    max_price: int | None = None
    duration: int | None = None
    sort: str = "newest"

    def __post_init__(self) -> None:
        errors: dict[str, str] = {}
        if len(self.q) > LONGEST_TEXT or "\0" in self.q or _half_a_character(self.q):
            errors["q"] = _("Search for at most %(longest)d characters.") % {"longest": LONGEST_TEXT}
        for name, price in (("minPrice", self.min_price), ("maxPrice", self.max_price)):
            if price is not None and not 0 <= price <= 10**15:
                errors[name] = _("Enter an amount such as 5000.")
        if self.duration is not None and self.duration not in DURATIONS:
            errors["duration"] = _("Choose 30, 45, 60, 90, 120 or 180 minutes.")
        if self.sort not in SORTS:
            errors["sort"] = _("Choose newest, price or soonest.")
        if errors:
            raise Invalid("bad_filters", _("Some of these filters cannot be used."), errors=errors)


class Page(NamedTuple):
    """Rows of one page and the cursor of the next, None after the last."""

    rows: list[Listing]
    next_cursor: str | None


def search(filters: Filters, *, cursor: str | None = None, limit: int = PAGE) -> Page:
    """The live offerings that match, in the order of `filters.sort`.

    Raises Invalid for a cursor that is none of ours (or of another order) and a limit outside 1–100. One query;
    `soonest` costs four, and ranks the newest 1,000 that match: next free times follow from hours, exceptions and
    claims, so no index can hold their order, and ranking all of a large marketplace would cost seconds.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid("bad_limit", _("A page has 1 to 100 rows."), field="limit")
    after = _read_cursor(cursor, filters.sort) if cursor else None
    if filters.sort == "soonest":
        return _soonest_page(filters, after, limit)
    rows = read_listings(*listing_query(filters, after, limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], _cursor(filters.sort, _key(last, filters.sort), last.id) if last else None)


def count_matching(filters: Filters, *, most: int | None = COUNTED) -> int:
    """How many match, counted up to `most`: a visitor needs no exact larger number, and it would cost a full scan."""
    where, values = _conditions(filters)
    limit = "" if most is None else f" LIMIT {most:d}"
    sql = f"SELECT COUNT(*) FROM (SELECT 1 {_tables(filters)} WHERE {where}{limit}) matching"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters of a page's or a program's query; names as on the wire, prices in major units, empty means none.

    Raises Invalid with one message per field.
    """
    errors: dict[str, str] = {}
    values: dict[str, Any] = {"q": " ".join(query.get("q", "").split())}
    for wire, name, read in (
        ("tutorId", "tutor_id", UUID),
        ("courseId", "course_id", UUID),
        ("minPrice", "min_price", parse_major),
        ("maxPrice", "max_price", parse_major),
        ("duration", "duration", int),
        ("sort", "sort", str),
    ):
        text = query.get(wire, "").strip()
        try:
            if text:
                values[name] = read(text)
        except Invalid as problem:
            errors[wire] = problem.message
        except ValueError:
            errors[wire] = _("This is not a value that can be looked for.")
    try:
        filters = Filters(**values)
    except Invalid as problem:
        errors = problem.errors | errors
    if errors:
        raise Invalid("bad_filters", _("Some of these filters cannot be used."), errors=errors)
    return filters


def listing_query(filters: Filters, after: tuple[Any, UUID] | None, limit: int) -> tuple[str, list[Any]]:
    """SQL and values of one page in the order of newest or price, starting after a key."""
    where, values = _conditions(filters)
    column, order, beyond = ("price", "ASC", ">") if filters.sort == "price" else ("created_at", "DESC", "<")
    if after is not None:
        where += f" AND (o.{column}, o.id) {beyond} (%s, %s)"
        values += [_prepared(column, after[0]), _prepared("id", after[1])]
    # The limit is a whole number of ours and stands in the text, so that PostgreSQL plans for it.
    return f"{LISTING} WHERE {where} ORDER BY o.{column} {order}, o.id {order} LIMIT {limit:d}", values


LISTING = """
SELECT o.id, o.title, o.description, o.duration, o.price, o.currency, o.booking_mode, o.cancellation_policy,
       o.created_at, p.id, p.name, t.headline, t.photo, t.verified_at IS NOT NULL, c.id, c.title, c.slug
  FROM offerings_offering o
  JOIN accounts_person p ON p.id = o.tutor_id
  LEFT JOIN accounts_tutorprofile t ON t.person_id = p.id
  LEFT JOIN courses_course c ON c.id = o.course_id"""
LIVE = "o.withdrawn_at IS NULL AND p.is_active AND p.role IN ('TUTOR', 'MENTOR')"


def read_listings(sql: str, values: Sequence[Any]) -> list[Listing]:
    """Run a query that begins with LISTING. SQLite has neither UUIDs nor zones, so they are given back here."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [_listing(row) for row in rows]


def _listing(row: Sequence[Any]) -> Listing:
    offering, title, text, duration, price, currency, mode, policy, created, tutor, *rest = row
    name, headline, photo, verified, course, course_title, slug = rest
    return Listing(
        _uuid(offering),
        title,
        text,
        duration,
        price,
        currency,
        mode,
        policy,
        _instant(created),
        _uuid(tutor),
        name,
        headline or "",
        photo or "",
        bool(verified),
        _uuid(course) if course else None,
        course_title,
        slug,
    )


def _conditions(filters: Filters) -> tuple[str, list[Any]]:
    parts, values = [LIVE], []
    for condition, column, value in (
        ("o.tutor_id = %s", "tutor", filters.tutor_id),
        ("o.course_id = %s", "course", filters.course_id),
        ("o.price >= %s", "price", filters.min_price),
        ("o.price <= %s", "price", filters.max_price),
        ("o.duration = %s", "duration", filters.duration),
    ):
        if value is not None:
            parts.append(condition)
            values.append(_prepared(column, value))
    if filters.q:
        fold = _folding()
        pattern = filters.q.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        columns = ("o.title", "o.description", "p.name", "t.headline")
        parts.append("(" + " OR ".join(f"{fold.format(column)} LIKE %s ESCAPE '\\'" for column in columns) + ")")
        values += [f"%{pattern}%"] * len(columns)
    return " AND ".join(parts), values


def _tables(filters: Filters) -> str:
    tables = "FROM offerings_offering o JOIN accounts_person p ON p.id = o.tutor_id"
    return tables + (" LEFT JOIN accounts_tutorprofile t ON t.person_id = p.id" if filters.q else "")


def _folding() -> str:
    """SQL, with a gap for the column, that lowers case in every script, whatever locale the database was made with.

    SQLite's own LOWER knows ASCII only, so it gets Python's, under a name of its own: LOWER stands in indexes, which
    must not change their meaning.
    """
    if connection.vendor == "postgresql":
        return _postgresql_folding()
    connection.ensure_connection()
    connection.connection.create_function("FOLD", 1, _fold, deterministic=True)
    return "FOLD({})"


@cache
def _postgresql_folding() -> str:
    """Asked once a process: in a database of the C locale LOWER knows ASCII only, and a collation helps it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collname FROM pg_collation WHERE lower('Ọ') <> 'ọ' AND collname = ANY(%s) ORDER BY collname DESC",
            [["und-x-icu", "pg_unicode_fast", "pg_c_utf8"]],
        )
        found = cursor.fetchone()
    return f'LOWER({{}} COLLATE "{found[0]}")' if found else "LOWER({})"


def _fold(text: object) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _soonest_page(filters: Filters, after: tuple[Any, UUID] | None, limit: int) -> Page:
    """Rank candidates by the next time that they can be booked; those that cannot be booked now come last."""
    where, values = _conditions(filters)
    sql = f"SELECT o.id, o.tutor_id, o.duration {_tables(filters)} WHERE {where}"
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY o.created_at DESC, o.id DESC LIMIT {RANKED}", values)
        candidates = [(_uuid(row[0]), _uuid(row[1]), int(row[2])) for row in cursor.fetchall()]
    free = next_free_of({(tutor, duration) for _id, tutor, duration in candidates})
    ranked = sorted(
        (at.isoformat() if (at := free[tutor, duration]) else _NEVER, offering)
        for offering, tutor, duration in candidates
    )
    rest = [key for key in ranked if after is None or key > after]
    page = rest[:limit]
    rows = _in_order([offering for _at, offering in page])
    return Page(rows, _cursor("soonest", *page[-1]) if len(rest) > limit else None)


def _in_order(ids: Sequence[UUID]) -> list[Listing]:
    if not ids:
        return []
    places = ", ".join(["%s"] * len(ids))
    rows = read_listings(f"{LISTING} WHERE {LIVE} AND o.id IN ({places})", [_prepared("id", each) for each in ids])
    found = {row.id: row for row in rows}
    return [found[each] for each in ids if each in found]


def _key(row: Listing, sort: str) -> str | int:
    return row.price if sort == "price" else row.created_at.isoformat()


def _cursor(sort: str, key: str | int, last: UUID) -> str:
    packed = json.dumps([sort, key, last.hex], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, UUID]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_sort, key, last = json.loads(packed)
        if of_sort != sort or not isinstance(last, str):
            raise ValueError
        return _read_key(key, sort), UUID(last)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid("bad_cursor", _("This is no page of this list."), field="cursor") from None


def _read_key(key: object, sort: str) -> Any:
    if sort == "price":
        if type(key) is not int or not 0 <= key <= 10**15:
            raise ValueError
        return key
    if not isinstance(key, str):
        raise ValueError
    if sort == "newest":
        at = datetime.fromisoformat(key)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return key


def _prepared(column: str, value: Any) -> Any:
    """A value as the engine stores this column of an offering."""
    return _FIELDS[column].get_db_prep_value(value, connection)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _instant(value: Any) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _half_a_character(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)
