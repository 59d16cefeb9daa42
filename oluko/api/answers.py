"""What operations give, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from oluko.api.schemas import Mode, Wire
from oluko.bookings.models import PaymentStatus, Status


def _at_times(description: str) -> Any:
    """A field that is left out where there is nothing to say."""
    return Field(default_factory=lambda: None, description=description)


class Person(Wire):
    """Somebody as others see them; never an e-mail address."""

    id: UUID
    name: str
    avatar: str | None = Field(description="Path of the photo.")


class CourseLink(Wire):
    id: UUID
    title: str
    slug: str


class Course(CourseLink):
    thumbnail: str | None


class MentorshipSession(Wire):
    """An offering (`isOffering`) or a booking.

    An offering is a product, never a session: its `studentId` is its tutor's id, its `offeringId` is its own id, it is
    SCHEDULED and PENDING for good, and it has no student, no times and no link.
    """

    id: UUID
    title: str
    description: str | None
    duration: int = Field(description="Minutes.")
    price: float = Field(description="Major units (naira).")
    currency: str
    status: Status
    payment_status: PaymentStatus
    booking_mode: Mode
    is_offering: bool
    student_id: UUID
    tutor_id: UUID
    course_id: UUID | None
    offering_id: UUID | None = Field(description="What was booked; null for a booking from scratch.")
    meeting_url: str | None = Field(
        description="From the payment on: the meeting's link, or the join page while it is prepared."
    )
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    approval_notes: str | None
    rejected_at: datetime | None
    approval_deadline: datetime | None
    pay_by: datetime | None
    proposed_at: datetime = _at_times("Only there while a start that the tutor proposes waits for an answer.")
    created_at: datetime
    tutor: Person
    student: Person | None
    course: CourseLink | None


class CancelledSession(MentorshipSession):
    refund: float = Field(description="What goes back to the student, in major units.")


class Success(Wire):
    success: Literal[True]


class Checkout(Wire):
    session: MentorshipSession
    reference: str | None = Field(description="Our reference of the payment; null for a REQUEST.")
    authorization_url: str | None = Field(description="Where to pay; null for a REQUEST.")


class Sessions(Wire):
    sessions: list[MentorshipSession]
    next_cursor: str | None


class OtherHours(Wire):
    date: date
    ranges: list[list[str]]


class Availability(Wire):
    """Times of day are the tutor's wall clock."""

    timezone: str
    weekly: dict[str, list[list[str]]]
    exceptions: list[OtherHours]
    buffer_minutes: int
    minimum_notice_hours: int
    horizon_days: int
    slot_step_minutes: int
    daily_cap: int | None


class Unread(Wire):
    unread: int


class Suggestions(Wire):
    suggestions: list[MentorshipSession]
    total: int = Field(description="All live offerings of the course.")


class Offerings(Wire):
    offerings: list[MentorshipSession]
    next_cursor: str | None


class Slot(Wire):
    starts_at: datetime
    ends_at: datetime


class Slots(Wire):
    timezone: str = Field(description="The tutor's.")
    slots: list[Slot]


class Change(Wire):
    at: datetime
    refund: float


class CancellationTerms(Wire):
    """What a cancellation now would give back, in major units, and when that changes."""

    refund: float
    tutor_keeps: float
    platform_keeps: float
    currency: str
    changes_at: list[Change]


class MoneyLine(Wire):
    at: datetime
    kind: str
    from_: str = Field(alias="from", description="Kind of the ledger account that is debited.")
    to: str = Field(description="Kind of the ledger account that is credited.")
    amount: float
    currency: str


class MoneyStory(Wire):
    lines: list[MoneyLine]


class Wallet(Wire):
    """Major units."""

    pending: float
    available: float
    on_the_way: float
    paid: float
    currency: str


class Bank(Wire):
    code: str = Field(description="A text: it may begin with zeros.")
    name: str


class BankAccount(Wire):
    bank_name: str
    account_name: str
    account_number: str


class Payout(Wire):
    """Amount in major units."""

    id: UUID
    amount: float
    currency: str
    status: Literal["IN_REVIEW", "QUEUED", "SENDING", "NO_BALANCE", "ON_THE_WAY", "PAID", "RETURNED"]
    reference: str


class Requested(Wire):
    payout: Payout


class Notification(Wire):
    id: int
    kind: str
    title: str
    body: str
    url: str | None = Field(description="A path of this site.")
    session_id: UUID | None
    created_at: datetime
    read_at: datetime | None


class Notifications(Wire):
    """The newest fifty."""

    notifications: list[Notification]
    unread: int


class Received(Wire):
    received: Literal[True]


class Challenged(Wire):
    plain_token: str
    encrypted_token: str = Field(description="Hex HMAC-SHA256 of the plain token with the webhook's secret.")


class FieldError(Wire):
    field: str = Field(description="Name as on the wire; empty where the input as a whole is meant.")
    message: str


class Problem(Wire):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs.")


class InvalidInput(Problem):
    errors: list[FieldError]
