"""Is everything true that must never be false about time and money? Asked in a fixed number of queries.

All checks see one moment of the database; nothing is changed. `oluko check-ledger` and the operator's money page ask.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oluko.core.database import snapshot
from oluko.dashboards import invariants_of_books, invariants_of_money
from oluko.dashboards.invariants_of_books import Check
from oluko.ledger.migrations import _immutable
from oluko.ledger.models import Account

SHOWN = 20
CHECKS = (*invariants_of_books.BOOKS_AND_TIME, *invariants_of_money.MONEY)


@dataclass(frozen=True)
class Finding:
    """What must be true, and where it is not, a line each; `off` is empty where all is well."""

    holds: str | Promise
    off: tuple[str, ...]


def violations() -> list[str]:
    """What is false, a line each; nothing where all is well. At most 20 of a kind are told, and how many there are."""
    return [line for finding in findings() for line in finding.off]


def findings() -> list[Finding]:
    """Every invariant with what breaks it, in one moment of the database."""
    with snapshot():
        return [Finding(_("No row of the ledger can be changed"), _missing_triggers()), *map(_found, CHECKS)]


def sums() -> dict[str, int]:
    """The balances of all accounts by kind, in minor units, and how many transfers made them."""
    with snapshot(), connection.cursor() as cursor:
        cursor.execute("SELECT kind, sum(balance) FROM ledger_account GROUP BY kind")
        balances = {kind: int(balance) for kind, balance in cursor.fetchall()}
        cursor.execute("SELECT count(*) FROM ledger_transfer")
        transfers = int(cursor.fetchone()[0])
    kinds = Account.Kind
    named = {
        "held": kinds.PAYSTACK_CLEARING,
        "fees": kinds.PAYSTACK_FEES,
        "tutors_pending": kinds.TUTOR_PENDING,
        "tutors_available": kinds.TUTOR_AVAILABLE,
        "tutors_on_the_way": kinds.TUTOR_ON_THE_WAY,
        "tutors_held": kinds.TUTOR_HELD,
        "tutors_owe": kinds.TUTOR_OWES,
        "platform_pending": kinds.PLATFORM_PENDING,
        "platform_held": kinds.PLATFORM_HELD,
        "platform_earned": kinds.PLATFORM_REVENUE,
        "refunds_due": kinds.REFUNDS_DUE,
        "unapplied": kinds.UNAPPLIED,
    }
    return {name: balances.get(kind, 0) for name, kind in named.items()} | {"transfers": transfers}


def _missing_triggers() -> tuple[str, ...]:
    names = _immutable.missing(connection)
    return tuple(f"trigger {name} is missing: rows of the ledger can be changed" for name in names)


def _found(check: Check) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(_filled(check.finds))
        rows = cursor.fetchall()
    told = tuple(check.says.format(*row) for row in rows[:SHOWN])
    rest = (f"… and {len(rows) - SHOWN} more of these",) if len(rows) > SHOWN else ()
    return Finding(check.holds, told + rest)


def _filled(sql: str) -> str:
    """The SQL with its lists of words in place; none of them comes from outside."""
    # A part may hold others: those of time hold none, those of money come first.
    for name, words_sql in (invariants_of_money.WORDS | invariants_of_books.WORDS | _epoch("scheduled_at")).items():
        sql = sql.replace("{" + name + "}", words_sql)
    return sql


def _epoch(column: str) -> dict[str, str]:
    """Seconds since 1970 of an instant's column, as a whole number."""
    if connection.vendor == "postgresql":
        return {"EPOCH": f"extract(epoch FROM {column})::bigint"}
    return {"EPOCH": f"CAST(strftime('%s', {column}) AS INTEGER)"}
