"""Posting to the books: rows that balance by construction, once for each business event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from oluko.core.errors import Conflict
from oluko.core.statements import Row, change, insert, placeholders, read
from oluko.ledger.models import Account, Transfer

Kind = Account.Kind
_NO_LIMIT = -(2**63)


class NotEnough(Conflict):
    """A wallet would go below zero."""


@dataclass(frozen=True)
class Posting:
    """Move `amount` minor units from `credit`'s giver to `debit`: debit one account, credit the other.

    `key` names the business event; it can be posted once, for ever.
    """

    kind: str
    debit: Account
    credit: Account
    amount: int
    key: str


@dataclass(frozen=True)
class Entry:
    """The postings of one business event, and what they are about."""

    postings: Sequence[Posting]
    booking_id: UUID | None = None
    payment_reference: str = ""


def account(kind: Account.Kind, currency: str, person_id: UUID | None = None) -> Account:
    """The account of that kind (and person), opened when it is first needed."""
    found, _created = Account.objects.get_or_create(kind=kind, currency=currency, person_id=person_id)
    return found


def accounts(currency: str, *wanted: tuple[Account.Kind, UUID | None]) -> list[Account]:
    """As `account`, several at once and in their order: kinds with their persons, None for the house's."""
    people = [person for _, person in wanted if person is not None]
    whose = "".join([" OR person_id = %s"] * len(people))
    rows = read(Account, f"currency = %s AND (person_id IS NULL{whose})", currency, *people)
    found = {(row.kind, row.person_id): row for row in rows}
    return [found.get((kind, person)) or account(kind, currency, person) for kind, person in wanted]


def post(postings: list[Posting], *, at: datetime, booking_id: UUID | None = None, payment_reference: str = "") -> None:
    """Write the transfers of one business event and move the cached balances; all else as `post_all`."""
    post_all([Entry(postings, booking_id, payment_reference)], at=at)


def post_all(entries: Sequence[Entry], *, at: datetime) -> None:
    """Write the transfers of several business events and move the cached balances. Call inside a transaction.

    Postings of nothing are left out. Raises NotEnough where a wallet would go below zero, and IntegrityError
    where an event was posted already: both roll the whole operation back. Balances move in the order of the
    accounts' ids, so that two operations never wait for each other in a circle.
    """
    made = [(entry, posting) for entry in entries for posting in entry.postings if posting.amount]
    insert(
        [
            Row(
                Transfer,
                debit_id=posting.debit.pk,
                credit_id=posting.credit.pk,
                amount=posting.amount,
                currency=posting.debit.currency,
                kind=posting.kind,
                booking_id=entry.booking_id,
                payment_reference=entry.payment_reference,
                idempotency_key=posting.key,
                at=at,
            )
            for entry, posting in made
        ]
    )
    _move_balances(_deltas([posting for _, posting in made]))


def lock_balances(*accounts: Account) -> list[int]:
    """What these accounts hold at this moment, in their order, minor units. Call inside a transaction.

    Nobody else moves their money until it ends. The rows are locked in the order of ids, as postings move them.
    """
    rows = read(
        Account, f"id IN ({placeholders(len(accounts))}) ORDER BY id", *(each.pk for each in accounts), lock=True
    )
    balances = {row.pk: row.balance for row in rows}
    return [balances[each.pk] for each in accounts]


def _deltas(postings: Sequence[Posting]) -> list[tuple[Account, int]]:
    accounts: dict[int, Account] = {}
    change: dict[int, int] = defaultdict(int)
    for posting in postings:
        for side, sign in ((posting.debit, 1), (posting.credit, -1)):
            accounts[side.pk] = side
            change[side.pk] += sign * posting.amount * (1 if side.kind in Account.DEBIT_NORMAL else -1)
    return [(accounts[pk], change[pk]) for pk in sorted(change) if change[pk]]


def _move_balances(moves: list[tuple[Account, int]]) -> None:
    """All of them by one statement, or NotEnough; the rows are locked before, in the order of their ids."""
    if not moves:
        return
    if connection.features.has_select_for_update:
        lock_balances(*(moved for moved, _ in moves))
    changes = "CASE id" + " WHEN %s THEN CAST(%s AS bigint)" * len(moves) + " END"
    allowed = " OR ".join(["(id = %s AND balance >= %s)"] * len(moves))
    values = [value for moved, delta in moves for value in (moved.pk, delta)]
    values += [value for moved, delta in moves for value in (moved.pk, _lowest(moved, delta))]
    sql = f"UPDATE ledger_account SET balance = balance + {changes} WHERE {allowed}"  # noqa: S608
    if change(sql, *values) < len(moves):
        raise NotEnough("not_enough", _("There is not enough money in this account."))


def _lowest(moved: Account, delta: int) -> int:
    """What must be in an account for this change of it."""
    return -delta if delta < 0 and moved.kind in Account.NEVER_NEGATIVE else _NO_LIMIT
