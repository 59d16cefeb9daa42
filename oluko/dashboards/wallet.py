"""What a tutor's wallet page shows: balances, payouts, where they go, and every movement with its story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import clock
from oluko.core.errors import Invalid
from oluko.dashboards import charts
from oluko.dashboards.analytics import earned_by_month
from oluko.dashboards.money import movement_label
from oluko.ledger.wallets import Line, statement, wallet_of
from oluko.payouts.bank_accounts import bank_account_of
from oluko.payouts.forms import withdraw_form
from oluko.payouts.models import Payout
from oluko.payouts.payouts import SMALLEST, payouts_of, weekly_from
from oluko.payouts.standing import standing

STATEMENT = 50
PAYOUTS = 20


@dataclass(frozen=True)
class Movement:
    """A line, its title, what stands below that, and where its story is told."""

    line: Line
    title: str
    below: str
    url: str


def wallet_page(tutor: Person, cursor: str = "") -> dict[str, Any]:
    """Everything on the page; nobody outside is asked. Raises Invalid for a cursor that we never gave."""
    wallet, bank = wallet_of(tutor), bank_account_of(tutor)
    movements = _movements(tutor, _line_after(cursor))
    months = earned_by_month(tutor, timezone.get_current_timezone())
    return {
        "wallet": wallet,
        "smallest": SMALLEST,
        "form": withdraw_form(wallet.available) if bank and wallet.available >= SMALLEST else None,
        "account": bank,
        "held_until": bank.held_until if bank and bank.held_until and bank.held_until > clock.now() else None,
        "next_weekly": weekly_from(bank) if bank else None,
        "payouts": [standing(payout) for payout in payouts_of(tutor, limit=PAYOUTS)],
        "cursor": cursor,
        "movements": movements[:STATEMENT],
        "next_cursor": movements[STATEMENT - 1].line.id if len(movements) > STATEMENT else None,
        "months": list(zip(months, charts.columns([month.earned for month in months]), strict=True)),
        "earned": any(month.earned for month in months),
    }


def _line_after(cursor: str) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise Invalid("bad_cursor", _("This cursor is not one of ours."), field="cursor") from None


def _movements(tutor: Person, after: UUID | None) -> list[Movement]:
    """One more than a page, so that it is known whether others follow."""
    lines = statement(tutor, after=after, limit=STATEMENT + 1)
    sessions = Booking.objects.filter(tutor=tutor, pk__in={line.booking_id for line in lines})
    titles = dict(sessions.values_list("pk", "title"))
    paid = Payout.objects.filter(tutor=tutor, reference__in={line.reference for line in lines if line.reference})
    banks = {payout.reference: payout for payout in paid}
    return [_movement(line, titles.get(line.booking_id or line.id, ""), banks.get(line.reference)) for line in lines]


def _movement(line: Line, title: str, payout: Payout | None) -> Movement:
    label = movement_label(line.kind)
    if payout is not None:
        bank = f"{payout.bank_name} …{payout.account_number[-4:]}"
        return Movement(line, label, bank, reverse("payout", args=[payout.pk]))
    if title and line.booking_id:
        return Movement(line, title, label, reverse("session_money", args=[line.booking_id]))
    return Movement(line, label, "", "")
