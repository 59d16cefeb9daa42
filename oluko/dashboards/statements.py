"""A tutor's monthly statement, from the ledger alone: what there was, every movement, what there is.

The balance is the whole wallet: pending, available, on the way to the bank and frozen, less what is owed. What moves
from one of these to another, as a release does, changes none of it. Months are those of the tutor's own calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.errors import NotFound
from oluko.dashboards.money import movement_label
from oluko.ledger.models import Account, Transfer
from oluko.payouts.models import Payout

Kind = Account.Kind
# The wallet's parts in the order of a naira's way; what is owed is the last, and counts below zero.
PARTS = (Kind.TUTOR_PENDING, Kind.TUTOR_AVAILABLE, Kind.TUTOR_ON_THE_WAY, Kind.TUTOR_HELD, Kind.TUTOR_OWES)


@dataclass(frozen=True)
class Balances:
    """What a wallet holds, by part, in minor units; what is owed is below zero."""

    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Entry:
    """One movement; minor units. `change` is what it does to the whole, `balance` the whole afterwards."""

    at: datetime
    group: str
    label: str
    about: str
    amount: int
    change: int
    balance: int
    reference: str
    url: str


@dataclass(frozen=True)
class Group:
    """The movements of one kind: how many, how much moved, and what they do to the whole; minor units."""

    label: str
    count: int
    amount: int
    change: int


@dataclass(frozen=True)
class Statement:
    """A month of a wallet. Opening and the changes of all entries make closing."""

    tutor: Person
    month: date
    start: datetime
    end: datetime
    currency: str
    opening: Balances
    closing: Balances
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """Each part of the wallet at the start and at the end, where there ever is something."""
        names = _part_names()
        pairs = [(names[kind], self.opening.parts[kind], self.closing.parts[kind]) for kind in PARTS]
        return [pair for pair in pairs if any(pair[1:])]


@dataclass(frozen=True)
class Month:
    """A month with movement, how many, and what they changed; minor units."""

    month: date
    count: int
    change: int


def months_of(tutor: Person) -> list[Month]:
    """The months in which something moved, newest first. Two queries."""
    mine = _accounts(tutor)
    rows = _moves(mine).annotate(month=TruncMonth("at", tzinfo=ZoneInfo(tutor.time_zone))).values("month")
    into, out = Sum("amount", filter=Q(credit__in=mine)), Sum("amount", filter=Q(debit__in=mine))
    found = rows.annotate(count=Count("pk"), into=into, out=out).order_by("-month")
    return [Month(row["month"].date(), row["count"], (row["into"] or 0) - (row["out"] or 0)) for row in found]


def statement_of(tutor: Person, month: str) -> Statement:
    """The statement of a month such as `2026-11`. Raises NotFound where nothing has moved in it.

    A fixed number of queries.
    """
    start, end = _bounds(tutor, month)
    mine = _accounts(tutor)
    rows = list(_moves(mine).filter(at__gte=start, at__lt=end).order_by("at", "recorded_at", "id"))
    if not rows:
        raise NotFound("no_such_statement", _("Nothing moved in that month."))
    opening = _balances(mine, start)
    entries = _entries(rows, set(mine), opening.total, tutor)
    closing = _balances(mine, end)
    return Statement(
        tutor, start.date(), start, end, settings.OLUKO_CURRENCY, opening, closing, entries, _groups(entries)
    )


def _bounds(tutor: Person, month: str) -> tuple[datetime, datetime]:
    """The first instant of a month and that of the next, in the tutor's zone."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(tutor.time_zone))
        return first, (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise NotFound("no_such_statement", _("There is no such month.")) from None


def _accounts(tutor: Person) -> dict[int, str]:
    """The kinds of the wallet's accounts, by their ids."""
    rows = Account.objects.filter(person_id=tutor.pk, currency=settings.OLUKO_CURRENCY, kind__in=PARTS)
    return dict(rows.values_list("pk", "kind"))


def _moves(mine: Iterable[int]) -> QuerySet[Transfer]:
    ids = list(mine)
    return Transfer.objects.filter(Q(debit_id__in=ids) | Q(credit_id__in=ids))


def _balances(mine: dict[int, str], before: datetime) -> Balances:
    """What each part held at an instant: its credits less its debits until then."""
    parts = dict.fromkeys(map(str, PARTS), 0)
    rows = Transfer.objects.filter(at__lt=before)
    for account, sign in (("credit_id", 1), ("debit_id", -1)):
        sums = rows.filter(**{f"{account}__in": list(mine)}).values(account).annotate(sum=Sum("amount"))
        for pk, total in sums.values_list(account, "sum"):
            parts[mine[pk]] += sign * total
    return Balances(parts)


def _entries(rows: list[Transfer], mine: set[int], balance: int, tutor: Person) -> tuple[Entry, ...]:
    titles = _titles({row.booking_id for row in rows if row.booking_id}, tutor)
    payouts = _payouts({row.payment_reference for row in rows}, tutor)
    entries = []
    for row in rows:
        change = row.amount * ((row.credit_id in mine) - (row.debit_id in mine))
        balance += change
        about, url = _about(row, titles, payouts)
        label = _own_labels().get(row.kind) or movement_label(row.kind)
        entry = Entry(row.at, group_of(row.kind), label, about, row.amount, change, balance, row.payment_reference, url)
        entries.append(entry)
    return tuple(entries)


def _titles(ids: set[UUID], tutor: Person) -> dict[UUID, str]:
    rows = Booking.objects.filter(tutor=tutor, pk__in=ids)
    return {pk: f"{title}, {name}" for pk, title, name in rows.values_list("pk", "title", F("student__name"))}


def _payouts(references: set[str], tutor: Person) -> dict[str, Payout]:
    return {payout.reference: payout for payout in Payout.objects.filter(tutor=tutor, reference__in=references)}


def _about(row: Transfer, titles: dict[UUID, str], payouts: dict[str, Payout]) -> tuple[str, str]:
    """The session or the bank that it is about, and where its story is told."""
    payout = payouts.get(row.payment_reference)
    if payout is not None:
        return f"{payout.bank_name} …{payout.account_number[-4:]}", reverse("payout", args=[payout.pk])
    if row.booking_id in titles:
        return titles[row.booking_id], reverse("session_money", args=[row.booking_id])
    return "", ""


def _groups(entries: Sequence[Entry]) -> tuple[Group, ...]:
    groups = []
    for name, label in group_labels().items():
        of_group = [entry for entry in entries if entry.group == name]
        if of_group:
            amount, change = (sum(getattr(entry, what) for entry in of_group) for what in ("amount", "change"))
            groups.append(Group(label, len(of_group), amount, change))
    return tuple(groups)


def group_of(kind: str) -> str:
    """The kinds of transfers, as a statement adds them up."""
    return _GROUPS.get(kind, "other")


_GROUPS = {
    "charge_tutor": "earned",
    "release_tutor": "released",
    "refund_tutor": "refunded",
    "refund_available": "refunded",
    "refund_owed": "refunded",
    "owed_recovered": "recovered",
    "dispute_frozen_tutor": "disputed",
    "dispute_freed_tutor": "disputed",
    "dispute_lost_tutor": "disputed",
    "dispute_lost_owed": "disputed",
    "payout_reserved": "set_aside",
    "payout_returned": "set_aside",
    "payout_settled": "paid_out",
    "payout_reversed": "paid_out",
}


def group_labels() -> dict[str, str]:
    """What the groups are called, in the order in which they are shown."""
    return {
        "earned": _("Earned"),
        "released": _("Released, within the wallet"),
        "refunded": _("Refunded to students"),
        "recovered": _("Debts paid, within the wallet"),
        "disputed": _("Disputed by banks"),
        "set_aside": _("Set aside for payouts, within the wallet"),
        "paid_out": _("Paid out"),
        "other": _("Other"),
    }


def _own_labels() -> dict[str, str]:
    """What a tutor's own movements are called where nobody else reads them."""
    return {
        "charge_tutor": _("Paid by a student, your part"),
        "release_tutor": _("Released: available to you"),
        "refund_tutor": _("Refund, from your part"),
        "refund_available": _("Refund, from your part"),
        "refund_owed": _("Refund, from your part, as a debt"),
        "dispute_frozen_tutor": _("Frozen by a dispute"),
        "dispute_freed_tutor": _("Free again"),
        "dispute_lost_tutor": _("Taken back by the bank"),
        "dispute_lost_owed": _("Taken back by the bank, as a debt"),
    }


def _part_names() -> dict[str, str]:
    return {
        Kind.TUTOR_PENDING: _("Pending"),
        Kind.TUTOR_AVAILABLE: _("Available"),
        Kind.TUTOR_ON_THE_WAY: _("On the way to the bank"),
        Kind.TUTOR_HELD: _("Frozen by disputes"),
        Kind.TUTOR_OWES: _("Owed to Oluko"),
    }
