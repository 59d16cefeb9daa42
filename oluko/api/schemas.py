"""What operations take, as typed models; `bodies.py` has the rules by which single values are read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from oluko.api import bodies
from oluko.calendars.models import WEEKDAYS
from oluko.core.errors import Invalid
from oluko.core.meeting_links import LONGEST as LONGEST_LINK
from oluko.offerings.marketplace import LARGEST_PAGE, LONGEST_TEXT, PAGE
from oluko.offerings.models import DURATIONS, HIGHEST_PRICE, LOWEST_PRICE
from oluko.offerings.offerings import LONGEST_DESCRIPTION, LONGEST_TITLE, SHORTEST_TITLE
from oluko.payouts.payouts import SMALLEST

LONGEST_NOTES, LONGEST_ANSWER, LONGEST_URL, LONGEST_CURSOR = 2000, 1000, 500, 300
MOST_IDS = 1000
DASHBOARD_PAGE = 20


class Wire(BaseModel):
    """Names are camelCase outside. What an operation does not know is ignored, so that nothing can be smuggled in."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


def _duration(value: int) -> int:
    if value not in DURATIONS:
        raise bodies.bad(_("Choose 30, 45, 60, 90, 120 or 180 minutes."))
    return value


def _price(value: int) -> int:
    if not LOWEST_PRICE <= value <= HIGHEST_PRICE:
        raise bodies.bad(_("A price is from ₦100 to ₦10,000,000."))
    return value


Id = Annotated[UUID, BeforeValidator(bodies.read_id), WithJsonSchema({"type": "string", "format": "uuid"})]
FilterId = Annotated[UUID, BeforeValidator(bodies.read_filter_id), WithJsonSchema({"type": "string", "format": "uuid"})]
# Ninja reads a path's values from the address itself; one that is no id names nothing, as everywhere.
PathId = Annotated[UUID, BeforeValidator(bodies.read_id), WithJsonSchema({"type": "string", "format": "uuid"}), Path()]
Instant = Annotated[
    datetime,
    BeforeValidator(bodies.read_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "ISO 8601 with an offset or `Z`."}),
]
Duration = Annotated[
    int,
    BeforeValidator(bodies.read_whole),
    AfterValidator(_duration),
    WithJsonSchema({"type": "integer", "enum": list(DURATIONS), "description": "Minutes."}),
]
Price = Annotated[
    int,
    BeforeValidator(bodies.read_price),
    AfterValidator(_price),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": LOWEST_PRICE // 100,
            "maximum": HIGHEST_PRICE // 100,
            "description": "Major units (naira), with at most two decimals.",
        }
    ),
]
PayoutAmount = Annotated[
    int,
    BeforeValidator(bodies.read_price),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": SMALLEST // 100,
            "description": "Major units (naira), with at most two decimals.",
        }
    ),
]
QueryAmount = Annotated[
    int,
    BeforeValidator(bodies.read_query_amount),
    WithJsonSchema({"type": "number", "minimum": 0, "description": "Major units (naira)."}),
]
QueryDuration = Annotated[
    int,
    BeforeValidator(bodies.read_query_whole),
    AfterValidator(_duration),
    WithJsonSchema({"type": "integer", "enum": list(DURATIONS), "description": "Minutes."}),
]
Limit = Annotated[
    int, Field(ge=1, le=LARGEST_PAGE, description="Rows of a page."), BeforeValidator(bodies.read_query_whole)
]
BodyLimit = Annotated[
    int, Field(ge=1, le=LARGEST_PAGE, description="Rows of a page."), BeforeValidator(bodies.read_whole)
]
Mode = Literal["INSTANT", "REQUEST"]
Policy = Literal["FLEXIBLE", "MODERATE", "STRICT"]
Title = Annotated[str, BeforeValidator(bodies.read_line), Field(min_length=SHORTEST_TITLE, max_length=LONGEST_TITLE)]
StandingLink = Annotated[
    str,
    BeforeValidator(bodies.read_text),
    Field(max_length=LONGEST_LINK, description="https: where the sessions take place, if not at the site's provider."),
]
Description = Annotated[str, BeforeValidator(bodies.read_text), Field(max_length=LONGEST_DESCRIPTION)]
Notes = Annotated[str, BeforeValidator(bodies.read_text), Field(max_length=LONGEST_NOTES)]
Answer = Annotated[str, BeforeValidator(bodies.read_text), Field(max_length=LONGEST_ANSWER)]
Reason = Annotated[str, BeforeValidator(bodies.read_text), Field(min_length=1, max_length=LONGEST_ANSWER)]
Cursor = Annotated[
    str,
    BeforeValidator(bodies.read_line),
    Field(max_length=LONGEST_CURSOR, description="`nextCursor` of the page before."),
]


def _left_out(**facts: Any) -> Any:
    """A field that may be left out and may not be null; only what was sent is read (`changes`)."""
    return Field(default_factory=lambda: None, **facts)


class Nothing(Wire):
    """An action without input takes an empty object, or no body."""


class OfferingFacts(Wire):
    """What a tutor lists."""

    title: Title
    description: Description | None = None
    duration: Duration
    price: Price
    course_id: Id | None = Field(None, description="One of the courses that you teach or created.")
    booking_mode: Mode | None = Field(
        None, description="INSTANT (the default): at once or on request. REQUEST: on request only."
    )
    cancellation_policy: Policy | None = Field(None, description="MODERATE is the default.")
    meeting_link: StandingLink | None = None

    def facts(self) -> dict[str, Any]:
        """The arguments of `create_offering`: what was not said is left to its defaults."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class OfferingChanges(Wire):
    """What is sent changes, the rest stays. A courseId of null ends the link to a course."""

    offering_id: Id
    title: Title = _left_out()
    description: Description | None = None
    duration: Duration = _left_out()
    price: Price = _left_out()
    course_id: Id | None = None
    booking_mode: Mode = _left_out()
    cancellation_policy: Policy = _left_out()
    meeting_link: StandingLink | None = None

    def changes(self) -> dict[str, Any]:
        """The arguments of `update_offering`."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "offering_id"}
        for name in sent.keys() & {"description", "meeting_link"}:
            sent[name] = sent[name] or ""
        return sent


class OfferingNamed(Wire):
    """One offering."""

    offering_id: Id


class SessionNamed(Wire):
    """One booking."""

    session_id: Id


class Wanted(Wire):
    """What a student books: an offering, or from scratch a tutor, a title and a duration at the tutor's hourly rate."""

    offering_id: Id | None = None
    tutor_id: Id | None = None
    title: Title | None = None
    duration: Duration | None = None
    booking_mode: Mode
    scheduled_at: Instant
    notes: Notes | None = None

    def wanted(self) -> dict[str, Any]:
        """The arguments of `begin_checkout`; where an offering is named, its own facts count alone.

        Raises Invalid unless it is said what to book.
        """
        if self.offering_id is not None:
            what: dict[str, Any] = {"offering_id": self.offering_id}
        else:
            what = {"tutor_id": self.tutor_id, "title": self.title, "duration": self.duration}
            self._check_complete(what)
        how = {"booking_mode": self.booking_mode, "scheduled_at": self.scheduled_at, "notes": self.notes or ""}
        return what | how

    def _check_complete(self, what: dict[str, Any]) -> None:
        missing = [name for name, value in what.items() if value is None]
        if len(missing) == len(what):
            missing = ["offering_id"]
        if missing:
            message = _("Give an offeringId, or a tutorId with title and duration.")
            raise Invalid("invalid_input", message, errors=dict.fromkeys(missing, message))


class Approval(SessionNamed):
    notes: Answer | None = None


class Rejection(SessionNamed):
    reason: Reason


class Cancelling(SessionNamed):
    reason: Answer | None = None


class Rescheduling(SessionNamed):
    scheduled_at: Instant


class ProposalAnswer(SessionNamed):
    accept: bool = Field(strict=True)
    proposed_at: Instant | None = Field(
        None, description="The proposal that you have seen: 409 if the tutor has proposed another time since."
    )


class MeetingLink(SessionNamed):
    meeting_url: Annotated[
        str, BeforeValidator(bodies.read_line), Field(max_length=LONGEST_URL, description="An https address.")
    ]


class Marking(SessionNamed):
    status: Literal["IN_PROGRESS", "COMPLETED", "NO_SHOW", "CANCELLED"]


class TutorTab(Wire):
    tab: Literal["approvals", "pending", "active", "completed"] | None = None
    cursor: Cursor | None = None
    limit: BodyLimit = DASHBOARD_PAGE


class StudentTab(Wire):
    """`book` is the page's tab for finding mentors; it holds no sessions."""

    tab: Literal["book", "approvals", "pending", "history", "rejected"] | None = None
    cursor: Cursor | None = None
    limit: BodyLimit = DASHBOARD_PAGE


_RANGES = {"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}}
_RAW: dict[str, dict[str, Any]] = {
    "timezone": {"type": "string", "description": "An IANA zone, such as Africa/Lagos."},
    "weekly": {
        "type": "object",
        "properties": dict.fromkeys(WEEKDAYS, _RANGES),
        "additionalProperties": False,
        "description": 'Wall-clock hours of each weekday: {"mon": [["09:00", "12:00"]], …}, on quarter hours.',
    },
    "exceptions": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"date": {"type": "string", "format": "date"}, "ranges": _RANGES},
            "required": ["date"],
        },
        "description": "Other hours on single dates; replaces all that there were. No ranges: a day off.",
    },
    "buffer_minutes": {"type": "integer", "enum": [0, 15, 30, 45, 60]},
    "minimum_notice_hours": {"type": "integer", "minimum": 0, "maximum": 168},
    "horizon_days": {"type": "integer", "minimum": 1, "maximum": 365},
    "slot_step_minutes": {"type": "integer", "enum": [15, 30, 60]},
    "daily_cap": {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": 20}, {"type": "null"}],
        "description": "Sessions that begin on one local date, at most; null for no limit.",
    },
}


class AvailabilityChanges(Wire):
    """What is sent changes, the rest stays. In `weekly`, a day that is missing has no hours.

    Values pass as they came: the room of calendars reads hours and rules itself, and says per field what is wrong.
    """

    timezone: Annotated[Any, WithJsonSchema(_RAW["timezone"])] = _left_out()
    weekly: Annotated[Any, WithJsonSchema(_RAW["weekly"])] = _left_out()
    exceptions: Annotated[Any, WithJsonSchema(_RAW["exceptions"])] = _left_out()
    buffer_minutes: Annotated[Any, WithJsonSchema(_RAW["buffer_minutes"])] = _left_out()
    minimum_notice_hours: Annotated[Any, WithJsonSchema(_RAW["minimum_notice_hours"])] = _left_out()
    horizon_days: Annotated[Any, WithJsonSchema(_RAW["horizon_days"])] = _left_out()
    slot_step_minutes: Annotated[Any, WithJsonSchema(_RAW["slot_step_minutes"])] = _left_out()
    daily_cap: Annotated[Any, WithJsonSchema(_RAW["daily_cap"])] = _left_out()

    def changes(self) -> dict[str, Any]:
        """The arguments of `set_availability`."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class AccountNamed(Wire):
    """A bank of `GET /api/banks` and an account there; both are texts, because they may begin with zeros."""

    bank_code: Annotated[str, BeforeValidator(bodies.read_line), Field(min_length=1, max_length=20)]
    account_number: Annotated[str, BeforeValidator(bodies.read_line), Field(min_length=1, max_length=30)]


class PayoutWanted(Wire):
    amount: PayoutAmount


class ReadMarks(Wire):
    """`ids` of notifications, or `all: true`."""

    ids: list[Annotated[int, BeforeValidator(bodies.read_whole)]] | None = Field(None, max_length=MOST_IDS)
    all: Annotated[bool, Field(strict=True)] | None = None

    def marked(self) -> list[int] | None:
        """Which ones; None for all. Raises Invalid where neither is said."""
        if self.ids is None and not self.all:
            raise Invalid("invalid_input", _("Give ids, or all: true."), field="ids")
        return None if self.all else self.ids


class OfferingFilters(Wire):
    """Filters of the marketplace; an empty one is none, as in the address of its page."""

    q: Annotated[str, BeforeValidator(bodies.read_text), Field(max_length=LONGEST_TEXT)] = Field(
        "", description="Words of title, description, tutor."
    )
    tutor_id: FilterId | None = None
    course_id: FilterId | None = None
    min_price: QueryAmount | None = None
    max_price: QueryAmount | None = None
    duration: QueryDuration | None = None
    sort: Literal["newest", "price", "soonest"] = "newest"
    cursor: Cursor | None = None
    limit: Limit = PAGE

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, query: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in query.items() if value != ""}


class OfCourse(Wire):
    """One course; an unknown one is not found, whatever it looks like."""

    course_id: Id

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, query: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in query.items() if value != ""}


class SlotRange(Wire):
    """From now for 31 days, unless said otherwise; at most 62 days."""

    start: Instant | None = Field(None, alias="from")
    end: Instant | None = Field(None, alias="to")


class Since(Wire):
    since: Instant | None = Field(None, description="Only what came after this instant.")
