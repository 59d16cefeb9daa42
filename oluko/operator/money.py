"""The platform's money for its operator: what is held, whose it is, what moved by day, and the ledger's own audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, Sum
from django.db.models.functions import TruncDate

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.dashboards.invariants import Finding, findings
from oluko.ledger.models import Account, Transfer

Kind = Account.Kind
USUAL, LONGEST = 30, 366
TUTORS = 50
AUDIT_KEPT = 600
_AUDIT = "operator-audit"
_HOUSE = (Kind.PAYSTACK_CLEARING, Kind.PAYSTACK_FEES, Kind.PLATFORM_REVENUE)
_IN = Q(kind__startswith="charge_")
_BACK = Q(kind="refunded") | Q(kind__startswith="dispute_lost") | Q(kind="dispute_loss")
_SUMS = ("into", "back", "settled", "reversed", "earned", "lost", "fees", "fees_back")
WIDTH, HALF, TOP = 900, 110, 14


@dataclass(frozen=True)
class Standing:
    """What is held and whose it is, in minor units; `held`, `fees` and `tutors_owe` together are all the others."""

    currency: str
    held: int
    fees: int
    refunds_due: int
    unapplied: int
    pending: int
    available: int
    on_the_way: int
    frozen: int
    tutors_owe: int
    our_pending: int
    our_frozen: int
    earned: int

    @property
    def tutors(self) -> int:
        return self.pending + self.available + self.on_the_way + self.frozen

    @property
    def owed(self) -> int:
        return self.tutors + self.refunds_due + self.unapplied


@dataclass(frozen=True)
class Tutor:
    """One tutor's share of it, in minor units."""

    person: Person
    pending: int
    available: int
    on_the_way: int
    frozen: int
    owes: int

    @property
    def total(self) -> int:
        return self.pending + self.available + self.on_the_way + self.frozen - self.owes


@dataclass(frozen=True)
class Day:
    """What moved on one day of the operator's calendar, in minor units."""

    day: date
    into: int = 0
    back: int = 0
    paid_out: int = 0
    earned: int = 0
    fees: int = 0

    @property
    def moved(self) -> bool:
        return any((self.into, self.back, self.paid_out, self.earned, self.fees))


@dataclass(frozen=True)
class Column:
    """A day in the chart: what came in stands on the line, what went out hangs below it."""

    x: float
    width: float
    up: int
    down: int
    label: str

    @property
    def top(self) -> int:
        return TOP + HALF - self.up

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Audit:
    """The ledger's own audit, and when it ran (business time)."""

    at: datetime
    findings: list[Finding]

    @property
    def off(self) -> int:
        return sum(1 for finding in self.findings if finding.off)


def standing() -> Standing:
    """The balances of all accounts, added up by kind. One query."""
    rows = Account.objects.filter(currency=settings.OLUKO_CURRENCY).values("kind").annotate(sum=Sum("balance"))
    sums: dict[str, int] = dict(rows.values_list("kind", "sum"))
    return Standing(
        currency=settings.OLUKO_CURRENCY,
        held=sums.get(Kind.PAYSTACK_CLEARING, 0),
        fees=sums.get(Kind.PAYSTACK_FEES, 0),
        refunds_due=sums.get(Kind.REFUNDS_DUE, 0),
        unapplied=sums.get(Kind.UNAPPLIED, 0),
        pending=sums.get(Kind.TUTOR_PENDING, 0),
        available=sums.get(Kind.TUTOR_AVAILABLE, 0),
        on_the_way=sums.get(Kind.TUTOR_ON_THE_WAY, 0),
        frozen=sums.get(Kind.TUTOR_HELD, 0),
        tutors_owe=sums.get(Kind.TUTOR_OWES, 0),
        our_pending=sums.get(Kind.PLATFORM_PENDING, 0),
        our_frozen=sums.get(Kind.PLATFORM_HELD, 0),
        earned=sums.get(Kind.PLATFORM_REVENUE, 0),
    )


def tutors() -> list[Tutor]:
    """The tutors with the most at stake, and what of it is where. Three queries."""
    rows = Account.objects.filter(person_id__isnull=False, currency=settings.OLUKO_CURRENCY).exclude(balance=0)
    most = rows.values("person_id").annotate(sum=Sum("balance")).order_by("-sum", "person_id")
    ids = [pk for pk in most.values_list("person_id", flat=True)[:TUTORS] if pk]
    balances: dict[UUID, dict[str, int]] = {pk: {} for pk in ids}
    for pk, kind, balance in rows.filter(person_id__in=ids).values_list("person_id", "kind", "balance"):
        if pk:
            balances[pk][kind] = balance
    people = Person.objects.in_bulk(ids)
    return [_tutor(people[pk], balances[pk]) for pk in ids if pk in people]


def _tutor(person: Person, parts: dict[str, int]) -> Tutor:
    kinds = (Kind.TUTOR_PENDING, Kind.TUTOR_AVAILABLE, Kind.TUTOR_ON_THE_WAY, Kind.TUTOR_HELD, Kind.TUTOR_OWES)
    return Tutor(person, *(parts.get(kind, 0) for kind in kinds))


def days(first: date, last: date, zone: tzinfo) -> list[Day]:
    """Every day from `first` to `last` in `zone`, both included, oldest first. Two queries."""
    house = dict(Account.objects.filter(kind__in=_HOUSE, currency=settings.OLUKO_CURRENCY).values_list("kind", "pk"))
    revenue, fees = house.get(Kind.PLATFORM_REVENUE), house.get(Kind.PAYSTACK_FEES)
    rows = Transfer.objects.filter(
        Q(debit__in=list(house.values())) | Q(credit__in=list(house.values())),
        at__gte=datetime(first.year, first.month, first.day, tzinfo=zone),
        at__lt=datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1),
    )
    sums = (
        rows.annotate(day=TruncDate("at", tzinfo=zone))
        .values("day")
        .annotate(
            into=_sum(_IN),
            back=_sum(_BACK),
            settled=_sum(Q(kind="payout_settled")),
            reversed=_sum(Q(kind="payout_reversed")),
            earned=_sum(Q(credit=revenue)),
            lost=_sum(Q(debit=revenue)),
            fees=_sum(Q(debit=fees)),
            fees_back=_sum(Q(credit=fees)),
        )
    )
    found: dict[date, dict[str, Any]] = {row["day"]: dict(row) for row in sums.order_by("day")}
    return [_day(each, found.get(each, {})) for each in _each(first, last)]


def _sum(which: Q) -> Sum:
    return Sum("amount", filter=which)


def _day(day: date, row: dict[str, Any]) -> Day:
    sums = {name: row.get(name) or 0 for name in _SUMS}
    return Day(
        day,
        into=sums["into"],
        back=sums["back"],
        paid_out=sums["settled"] - sums["reversed"],
        earned=sums["earned"] - sums["lost"],
        fees=sums["fees"] - sums["fees_back"],
    )


def _each(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def whole(rows: Sequence[Day]) -> Day:
    """The sums of a period, dated with its last day."""
    names = ("into", "back", "paid_out", "earned", "fees")
    return Day(rows[-1].day, **{name: sum(getattr(row, name) for row in rows) for name in names})


def period(since: str, until: str, today: date) -> tuple[date, date]:
    """Two days as typed, in their order and at most a year apart; the last 30 days where they are none."""
    last = min(_read(until) or today, today)
    first = _read(since) or last - timedelta(days=USUAL - 1)
    first, last = sorted((min(first, today), last))
    return max(first, last - timedelta(days=LONGEST - 1)), last


def _read(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 9000 else None


def columns(rows: Sequence[Day]) -> list[Column]:
    """Both halves of the chart are drawn to one scale."""
    highest = max((max(row.into, row.back + row.paid_out) for row in rows), default=0) or 1
    step = WIDTH / max(len(rows), 1)
    every = max(1, -(-len(rows) // 8))
    drawn = []
    for place, row in enumerate(rows):
        # The newest day is named, and every so many before it.
        label = f"{row.day.day} {row.day:%b}" if (len(rows) - 1 - place) % every == 0 else ""
        up, down = (_height(amount, highest) for amount in (row.into, row.back + row.paid_out))
        drawn.append(Column(round(place * step + step * 0.15, 2), round(step * 0.7, 2), up, down, label))
    return drawn


def _height(amount: int, highest: int) -> int:
    """What is not nothing can be seen."""
    return max(HALF * amount // highest, 2) if amount > 0 else 0


def audit(*, again: bool = False) -> Audit:
    """Every invariant, as it was found at most ten minutes ago, or now."""
    kept = None if again else cache.get(_AUDIT)
    if kept is None:
        kept = (clock.now(), [(str(found.holds), found.off) for found in findings()])
        cache.set(_AUDIT, kept, AUDIT_KEPT)
    at, rows = kept
    return Audit(at, [Finding(holds, off) for holds, off in rows])
