"""A tutor's figures: sessions by outcome, earned, by offering, by month. Four queries, whatever the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.db.models import Avg, Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, Booking, PaymentStatus, Status
from oluko.core import clock

MONTHS = 12
MOST_OFFERINGS = 10
HELD = Q(status__in=(Status.COMPLETED, Status.NO_SHOW))
# Money that came too late for its time went back whole and was never in the wallet: REFUNDED, and none of the price.
_KEPT = Q(status__in=FINAL) & (
    Q(payment_status=PaymentStatus.PAID) | Q(payment_status=PaymentStatus.REFUNDED, refunded__gt=0)
)
# As money.split: the tutor's part of what was not refunded, rounded down. Whole numbers divide to whole numbers.
_EARNED = Sum((F("price") - F("refunded")) * F("tutor_share_bps") / 10_000, filter=_KEPT)


@dataclass(frozen=True)
class OfferingFigures:
    """What one offering brought; amounts in minor units."""

    title: str
    sessions: int
    earned: int
    average_price: int


@dataclass(frozen=True)
class MonthFigures:
    """Sessions held and earned in one month of the tutor's own calendar; minor units."""

    month: date
    sessions: int
    earned: int


@dataclass(frozen=True)
class Figures:
    """Everything on the analytics page; amounts in minor units."""

    outcomes: dict[Status, int]
    sessions: int
    earned: int
    average_price: int
    offerings: list[OfferingFigures]
    months: list[MonthFigures]


def tutor_figures(tutor: Person, zone: tzinfo) -> Figures:
    """Figures of a tutor's sessions that are over; months are those of `zone`, the last twelve, empty ones too."""
    rows = Booking.objects.filter(tutor=tutor)
    whole = rows.aggregate(sessions=Count("pk", filter=HELD), earned=_EARNED, average=Avg("price", filter=HELD))
    counts = dict(rows.filter(status__in=FINAL).values_list("status").annotate(n=Count("pk")))
    return Figures(
        outcomes={status: counts.get(status, 0) for status in FINAL},
        sessions=whole["sessions"],
        earned=whole["earned"] or 0,
        average_price=round(whole["average"] or 0),
        offerings=_by_offering(rows),
        months=_by_month(rows, zone),
    )


def earned_by_month(tutor: Person, zone: tzinfo) -> list[MonthFigures]:
    """The last twelve months in `zone`, oldest first; one query."""
    return _by_month(Booking.objects.filter(tutor=tutor), zone)


def _by_offering(rows: QuerySet[Booking]) -> list[OfferingFigures]:
    """The offerings that earned most; what was booked from scratch counts by its title."""
    grouped = (
        rows.filter(HELD)
        .values("offering_id", "title")
        .annotate(sessions=Count("pk"), earned=_EARNED, average=Avg("price"), latest=Max("scheduled_at"))
        .order_by("-earned", "-latest")
    )
    return [
        OfferingFigures(row["title"], row["sessions"], row["earned"] or 0, round(row["average"] or 0))
        for row in grouped[:MOST_OFFERINGS]
    ]


def _by_month(rows: QuerySet[Booking], zone: tzinfo) -> list[MonthFigures]:
    months = last_months(clock.now().astimezone(zone).date(), MONTHS)
    since = datetime(months[0].year, months[0].month, 1, tzinfo=zone)
    grouped = (
        rows.filter(status__in=FINAL, scheduled_at__gte=since)
        .annotate(month=TruncMonth("scheduled_at", tzinfo=zone))
        .values("month")
        .annotate(sessions=Count("pk", filter=HELD), earned=_EARNED)
        .order_by("month")
    )
    found = {row["month"].date(): row for row in grouped}
    return [
        MonthFigures(month, found[month]["sessions"], found[month]["earned"] or 0)
        if month in found
        else MonthFigures(month, 0, 0)
        for month in months
    ]


def last_months(today: date, count: int) -> list[date]:
    """The first days of the last `count` months, oldest first, this month included."""
    number = today.year * 12 + today.month - 1
    return [date((number - back) // 12, (number - back) % 12 + 1, 1) for back in reversed(range(count))]
