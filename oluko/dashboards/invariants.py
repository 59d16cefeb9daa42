"""What must never be false about time and money, asked of the database in a fixed number of queries.

Each check is one query that returns the rows which break it, so that an empty answer is the proof. All of them see
one moment of the database; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from oluko.core.database import snapshot
from oluko.ledger.migrations import _immutable
from oluko.ledger.models import Account

SHOWN = 20


@dataclass(frozen=True)
class Check:
    """`finds` is SQL whose every row is a violation; `says` is filled with the row's columns."""

    says: str
    finds: str


_LEDGER = (
    Check(
        "balance of account {0} ({1}) is {2}, its transfers make {3}",
        """
        SELECT a.id, a.kind, a.balance, coalesce(m.total, 0) FROM ledger_account a LEFT JOIN (
            SELECT account_id, sum(amount) AS total FROM (
                SELECT t.debit_id AS account_id,
                       CASE WHEN a.kind IN {DEBIT_NORMAL} THEN t.amount ELSE -t.amount END AS amount
                FROM ledger_transfer t JOIN ledger_account a ON a.id = t.debit_id
                UNION ALL
                SELECT t.credit_id, CASE WHEN a.kind IN {DEBIT_NORMAL} THEN -t.amount ELSE t.amount END
                FROM ledger_transfer t JOIN ledger_account a ON a.id = t.credit_id
            ) AS moved GROUP BY account_id
        ) AS m ON m.account_id = a.id
        WHERE a.balance <> coalesce(m.total, 0)""",
    ),
    Check(
        "books of {0} do not balance: {1} held and spent, {2} owed and earned",
        """
        SELECT currency, sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN balance ELSE 0 END),
               sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN 0 ELSE balance END)
        FROM ledger_account GROUP BY currency
        HAVING sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN balance ELSE -balance END) <> 0""",
    ),
    Check(
        "account {0} ({1}) is below zero: {2}",
        "SELECT id, kind, balance FROM ledger_account WHERE balance < 0 AND kind IN {OWED}",
    ),
    Check(
        "transfer {0} moves {1} of {2} between accounts of {3} and {4}",
        """
        SELECT t.idempotency_key, t.amount, t.currency, d.currency, c.currency
        FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
        WHERE t.currency <> d.currency OR t.currency <> c.currency OR t.amount <= 0 OR t.debit_id = t.credit_id""",
    ),
    Check(
        "event {0} was posted {1} times",
        "SELECT idempotency_key, count(*) FROM ledger_transfer GROUP BY idempotency_key HAVING count(*) > 1",
    ),
    Check(
        "webhook {0} is stored {1} times",
        "SELECT digest, count(*) FROM payments_providerevent GROUP BY digest HAVING count(*) > 1",
    ),
    Check(
        "reference {0} belongs to {1} payments",
        "SELECT reference, count(*) FROM payments_payment GROUP BY reference HAVING count(*) > 1",
    ),
)

# Who is expected to hold how many quarters from where on, one row a live booking and person.
_HOLDERS = """
    SELECT id, tutor_id AS person_id, {EPOCH} / 900 AS first, (duration + buffer_minutes + 14) / 15 AS quarters
    FROM bookings_booking WHERE status IN {LIVE}
    UNION ALL
    SELECT id, student_id, {EPOCH} / 900, (duration + 14) / 15 FROM bookings_booking WHERE status IN {LIVE}"""

_TIME = (
    Check(
        "person {0} is held twice in quarter {1}",
        "SELECT person_id, quarter FROM calendars_claim GROUP BY person_id, quarter HAVING count(*) > 1",
    ),
    Check(
        "booking {0} should hold {2} quarters of person {1} and holds {3}, or others",
        """
        SELECT h.id, h.person_id, h.quarters, coalesce(c.held, 0) FROM ({HOLDERS}) AS h LEFT JOIN (
            SELECT booking_id, person_id, count(*) AS held, min(quarter) AS first, max(quarter) AS last
            FROM calendars_claim GROUP BY booking_id, person_id
        ) AS c ON c.booking_id = h.id AND c.person_id = h.person_id
        WHERE c.held IS NULL OR c.held <> h.quarters OR c.first <> h.first OR c.last <> h.first + h.quarters - 1""",
    ),
    Check(
        "person {1} is held in {2} quarters by booking {0}, which is not live or not theirs",
        """
        SELECT c.booking_id, c.person_id, count(*) FROM calendars_claim c
        LEFT JOIN bookings_booking b ON b.id = c.booking_id AND b.status IN {LIVE}
            AND c.person_id IN (b.tutor_id, b.student_id)
        WHERE b.id IS NULL GROUP BY c.booking_id, c.person_id""",
    ),
    Check(
        "claims of paid booking {0} would lapse",
        """
        SELECT DISTINCT b.id FROM bookings_booking b JOIN calendars_claim c ON c.booking_id = b.id
        WHERE b.payment_status = 'PAID' AND c.expires_at IS NOT NULL""",
    ),
)

# The postings of each reference, summed by what they mean.
_POSTED = """
    SELECT payment_reference,
        sum(CASE WHEN kind IN {SPLIT} THEN amount ELSE 0 END) AS split,
        sum(CASE WHEN kind = 'charge_tutor' THEN amount ELSE 0 END) AS tutor,
        sum(CASE WHEN kind = 'charge_to_refund' THEN amount ELSE 0 END) AS sent_back,
        sum(CASE WHEN kind = 'charge_unapplied' THEN amount ELSE 0 END) AS unapplied,
        sum(CASE WHEN kind = 'fee' THEN amount ELSE 0 END) AS fee,
        sum(CASE WHEN kind IN {TO_REFUNDS} THEN amount ELSE 0 END) AS due,
        sum(CASE WHEN kind = 'refunded' THEN amount ELSE 0 END) AS refunded
    FROM ledger_transfer WHERE payment_reference <> '' GROUP BY payment_reference"""

_PAYMENTS = (
    Check(
        "payment {0} of {1} is posted as {2} split and {3} sent back, fee {4} as {5}",
        """
        SELECT p.reference, p.amount, coalesce(t.split, 0), coalesce(t.sent_back, 0), p.fee, coalesce(t.fee, 0)
        FROM payments_payment p JOIN bookings_booking b ON b.id = p.booking_id
        LEFT JOIN ({POSTED}) AS t ON t.payment_reference = p.reference
        WHERE p.status = 'PAID' AND (t.split IS NULL OR t.split + t.sent_back <> p.amount OR t.fee <> p.fee
            OR (t.split <> 0 AND t.sent_back <> 0) OR t.unapplied <> 0
            OR (t.split <> 0 AND t.tutor <> p.amount * b.tutor_share_bps / 10000))""",
    ),
    Check(
        "money of {0} is posted, but no payment of that reference is paid",
        """
        SELECT t.payment_reference FROM ({POSTED}) AS t
        LEFT JOIN payments_payment p ON p.reference = t.payment_reference AND p.status = 'PAID'
        WHERE p.id IS NULL AND (t.split <> 0 OR t.sent_back <> 0 OR t.fee <> 0)""",
    ),
    Check(
        "{1} of {0} is not applied, and no open review row says so",
        """
        SELECT t.payment_reference, t.net FROM (
            SELECT x.payment_reference, sum(CASE WHEN c.kind = 'UNAPPLIED' THEN x.amount ELSE -x.amount END) AS net
            FROM ledger_transfer x JOIN ledger_account d ON d.id = x.debit_id
            JOIN ledger_account c ON c.id = x.credit_id WHERE 'UNAPPLIED' IN (d.kind, c.kind)
            GROUP BY x.payment_reference
        ) AS t WHERE t.net <> 0 AND NOT EXISTS (
            SELECT 1 FROM payments_reviewitem r WHERE r.reference = t.payment_reference AND r.resolved_at IS NULL)""",
    ),
    Check(
        "payment {0} owes {1} and has paid back {2}; its refunds are {3}, of them done {4}",
        """
        SELECT p.reference, coalesce(t.due, 0), coalesce(t.refunded, 0), coalesce(r.total, 0), coalesce(r.done, 0)
        FROM payments_payment p
        LEFT JOIN ({POSTED}) AS t ON t.payment_reference = p.reference LEFT JOIN (
            SELECT payment_id, sum(amount) AS total, sum(CASE WHEN status = 'PROCESSED' THEN amount ELSE 0 END) AS done
            FROM payments_refund GROUP BY payment_id
        ) AS r ON r.payment_id = p.id
        WHERE coalesce(t.due, 0) <> coalesce(r.total, 0) OR coalesce(t.refunded, 0) <> coalesce(r.done, 0)""",
    ),
    Check(
        "refunds due in {0} are {1}, refunds that are not done make {2}",
        """
        SELECT c.currency, coalesce(a.balance, 0), coalesce(r.total, 0) FROM (
            SELECT DISTINCT currency FROM ledger_account UNION SELECT DISTINCT currency FROM payments_refund
        ) AS c LEFT JOIN ledger_account a ON a.kind = 'REFUNDS_DUE' AND a.currency = c.currency LEFT JOIN (
            SELECT currency, sum(amount) AS total FROM payments_refund WHERE status <> 'PROCESSED' GROUP BY currency
        ) AS r ON r.currency = c.currency
        WHERE coalesce(a.balance, 0) <> coalesce(r.total, 0)""",
    ),
)

# What each booking's transfers have put into pending and beyond, the tutor's side only in the tutor's own wallet.
_OF_BOOKING = """
    SELECT x.booking_id,
        count(DISTINCT CASE WHEN x.kind IN {SPLIT} THEN x.payment_reference END) AS fulfilled,
        sum(CASE WHEN c.kind = 'TUTOR_PENDING' THEN x.amount WHEN d.kind = 'TUTOR_PENDING' THEN -x.amount ELSE 0 END)
            AS tutor,
        sum(CASE WHEN c.kind = 'PLATFORM_PENDING' THEN x.amount WHEN d.kind = 'PLATFORM_PENDING' THEN -x.amount
            ELSE 0 END) AS platform,
        sum(CASE WHEN c.kind LIKE 'TUTOR_%' THEN x.amount ELSE 0 END)
            - sum(CASE WHEN d.kind LIKE 'TUTOR_%' THEN x.amount ELSE 0 END) AS tutors,
        sum(CASE WHEN c.kind LIKE 'PLATFORM_%' AND x.kind <> 'dispute_loss' THEN x.amount ELSE 0 END)
            - sum(CASE WHEN d.kind LIKE 'PLATFORM_%' AND x.kind <> 'dispute_loss' THEN x.amount ELSE 0 END)
            AS platforms,
        sum(CASE WHEN c.kind = 'TUTOR_HELD' THEN x.amount WHEN d.kind = 'TUTOR_HELD' THEN -x.amount ELSE 0 END)
            AS tutor_held,
        sum(CASE WHEN c.kind = 'PLATFORM_HELD' THEN x.amount WHEN d.kind = 'PLATFORM_HELD' THEN -x.amount ELSE 0 END)
            AS platform_held,
        sum(CASE WHEN x.kind = 'release_tutor' THEN x.amount ELSE 0 END) AS tutor_out,
        sum(CASE WHEN x.kind = 'release_platform' THEN x.amount ELSE 0 END) AS platform_out,
        max(CASE WHEN c.person_id <> b.tutor_id OR d.person_id <> b.tutor_id THEN 1 ELSE 0 END) AS strangers
    FROM ledger_transfer x JOIN ledger_account d ON d.id = x.debit_id JOIN ledger_account c ON c.id = x.credit_id
    JOIN bookings_booking b ON b.id = x.booking_id GROUP BY x.booking_id"""

_BOOKINGS = (
    Check(
        "booking {0} is {1} and {2}, and {3} payments fulfil it",
        """
        SELECT b.id, b.status, b.payment_status, coalesce(t.fulfilled, 0) FROM bookings_booking b
        LEFT JOIN ({OF_BOOKING}) AS t ON t.booking_id = b.id
        WHERE CASE b.payment_status WHEN 'PAID' THEN coalesce(t.fulfilled, 0) <> 1
            WHEN 'REFUNDED' THEN coalesce(t.fulfilled, 0) > 1 ELSE coalesce(t.fulfilled, 0) <> 0 END""",
    ),
    Check(
        "booking {0} of {1}, {2} given back before its release and {3} after, has {4} and {5} pending, {6} and {7} "
        "frozen, {8} and {9} released; {10} and {11} in all",
        """
        SELECT b.id, b.price, b.refunded, b.refunded_late, t.tutor, t.platform, t.tutor_held, t.platform_held,
            t.tutor_out, t.platform_out, t.tutors, t.platforms FROM (
            SELECT id, price, refunded, refunded_late, released_at,
                (price - refunded) * tutor_share_bps / 10000 AS kept,
                price - refunded - (price - refunded) * tutor_share_bps / 10000 AS rest,
                (price - refunded - refunded_late) * tutor_share_bps / 10000 AS kept_now,
                price - refunded - refunded_late - (price - refunded - refunded_late) * tutor_share_bps / 10000
                    AS rest_now
            FROM bookings_booking
        ) AS b JOIN ({OF_BOOKING}) AS t ON t.booking_id = b.id
        WHERE CASE WHEN t.fulfilled <> 1 THEN t.tutors <> 0 OR t.platforms <> 0 OR t.tutor <> 0 OR t.platform <> 0
                OR t.tutor_out <> 0 OR t.platform_out <> 0
            WHEN t.tutors <> b.kept_now OR t.platforms <> b.rest_now THEN 1 = 1
            WHEN b.released_at IS NULL
            THEN t.tutor + t.tutor_held <> b.kept OR t.platform + t.platform_held <> b.rest OR b.refunded_late <> 0
                OR t.tutor_out <> 0 OR t.platform_out <> 0
            ELSE t.tutor <> 0 OR t.platform <> 0 OR t.tutor_out <> b.kept OR t.platform_out <> b.rest END""",
    ),
    Check(
        "money of booking {0} lies in another tutor's wallet",
        "SELECT t.booking_id FROM ({OF_BOOKING}) AS t WHERE t.strangers = 1",
    ),
)

# Disputes that no bank has decided, each with the booking that it is about.
_DISPUTED = """
    SELECT d.held_tutor, d.held_platform, d.currency, b.id AS booking_id, b.tutor_id, b.release_held
    FROM payments_dispute d JOIN payments_payment p ON p.id = d.payment_id
    JOIN bookings_booking b ON b.id = p.booking_id
    WHERE d.status IN ('AWAITING_US', 'AWAITING_BANK')"""

_HELD = (
    Check(
        "{2} of person {0} are frozen in {1}, open disputes hold {3}",
        """
        SELECT o.person_id, o.currency, sum(o.balance), sum(o.held) FROM (
            SELECT person_id, currency, balance, 0 AS held FROM ledger_account WHERE kind = 'TUTOR_HELD'
            UNION ALL SELECT tutor_id, currency, 0, held_tutor FROM ({DISPUTED}) AS t
        ) AS o GROUP BY o.person_id, o.currency HAVING sum(o.balance) <> sum(o.held)""",
    ),
    Check(
        "{1} of the platform are frozen in {0}, open disputes hold {2}",
        """
        SELECT o.currency, sum(o.balance), sum(o.held) FROM (
            SELECT currency, balance, 0 AS held FROM ledger_account WHERE kind = 'PLATFORM_HELD'
            UNION ALL SELECT currency, 0, held_platform FROM ({DISPUTED}) AS t
        ) AS o GROUP BY o.currency HAVING sum(o.balance) <> sum(o.held)""",
    ),
    Check(
        "the release of booking {0} is held, and nothing open holds it",
        """
        SELECT b.id FROM bookings_booking b WHERE b.release_held
            AND NOT EXISTS (SELECT 1 FROM payments_problem r WHERE r.booking_id = b.id AND r.status = 'OPEN')
            AND NOT EXISTS (SELECT 1 FROM ({DISPUTED}) AS t WHERE t.booking_id = b.id)""",
    ),
    Check(
        "booking {0} has an open dispute or problem, and its release is not held",
        """
        SELECT b.id FROM bookings_booking b JOIN payments_problem r ON r.booking_id = b.id AND r.status = 'OPEN'
        WHERE NOT b.release_held OR b.released_at IS NOT NULL
        UNION
        SELECT t.booking_id FROM ({DISPUTED}) AS t
        WHERE NOT t.release_held AND (t.held_tutor <> 0 OR t.held_platform <> 0)""",
    ),
    Check(
        "person {0} owes {1} of {3} and has {2} available, which should have paid for it",
        """
        SELECT o.person_id, o.balance, a.balance, o.currency FROM ledger_account o JOIN ledger_account a
            ON a.kind = 'TUTOR_AVAILABLE' AND a.person_id = o.person_id AND a.currency = o.currency
        WHERE o.kind = 'TUTOR_OWES' AND o.balance > 0 AND a.balance > 0""",
    ),
)

# The postings of each payout, by its reference.
_OF_PAYOUT = """
    SELECT payment_reference,
        sum(CASE WHEN kind = 'payout_reserved' THEN amount ELSE 0 END) AS reserved,
        sum(CASE WHEN kind = 'payout_settled' THEN amount ELSE 0 END) AS settled,
        sum(CASE WHEN kind = 'payout_returned' THEN amount ELSE 0 END) AS returned,
        sum(CASE WHEN kind = 'payout_reversed' THEN amount ELSE 0 END) AS reversed,
        sum(CASE WHEN kind = 'payout_fee' THEN amount ELSE 0 END) AS fee
    FROM ledger_transfer WHERE kind IN {PAYOUT_KINDS} GROUP BY payment_reference"""

_PAYOUTS = (
    Check(
        "payout {0} of {1} is {2}, and {3} are reserved, {4} settled, {5} returned, {6} reversed, fee {7} as {8}",
        """
        SELECT p.reference, p.amount, p.status, coalesce(t.reserved, 0), coalesce(t.settled, 0),
            coalesce(t.returned, 0), coalesce(t.reversed, 0), p.fee, coalesce(t.fee, 0)
        FROM payouts_payout p LEFT JOIN ({OF_PAYOUT}) AS t ON t.payment_reference = p.reference
        WHERE t.reserved IS NULL OR t.reserved <> p.amount OR t.fee <> p.fee OR CASE p.status
            WHEN 'PAID' THEN t.settled <> p.amount OR t.returned <> 0 OR t.reversed <> 0
            WHEN 'RETURNED' THEN t.returned + t.reversed <> p.amount OR t.settled <> t.reversed
            ELSE t.settled <> 0 OR t.returned <> 0 OR t.reversed <> 0 OR t.fee <> 0 END""",
    ),
    Check(
        "money of payout {0} is posted, but there is no such payout",
        """
        SELECT t.payment_reference FROM ({OF_PAYOUT}) AS t
        LEFT JOIN payouts_payout p ON p.reference = t.payment_reference WHERE p.id IS NULL""",
    ),
    Check(
        "money of payout {0} comes from another tutor's wallet",
        """
        SELECT p.reference FROM payouts_payout p JOIN ledger_transfer x ON x.payment_reference = p.reference
        JOIN ledger_account d ON d.id = x.debit_id JOIN ledger_account c ON c.id = x.credit_id
        WHERE d.person_id <> p.tutor_id OR c.person_id <> p.tutor_id""",
    ),
    Check(
        "{2} of person {0} are on the way in {1}, open payouts make {3}",
        """
        SELECT o.person_id, o.currency, sum(o.balance), sum(o.amount) FROM (
            SELECT person_id, currency, balance, 0 AS amount FROM ledger_account WHERE kind = 'TUTOR_ON_THE_WAY'
            UNION ALL
            SELECT tutor_id, currency, 0, amount FROM payouts_payout WHERE status NOT IN ('PAID', 'RETURNED')
        ) AS o GROUP BY o.person_id, o.currency HAVING sum(o.balance) <> sum(o.amount)""",
    ),
)


# What stands in braces above; a part that holds others comes before them.
_WORDS = {
    "HOLDERS": _HOLDERS,
    "POSTED": _POSTED,
    "OF_BOOKING": _OF_BOOKING,
    "OF_PAYOUT": _OF_PAYOUT,
    "DISPUTED": _DISPUTED,
    "LIVE": "('PENDING_MENTOR_REVIEW', 'SCHEDULED', 'IN_PROGRESS')",
    "DEBIT_NORMAL": "('PAYSTACK_CLEARING', 'PAYSTACK_FEES', 'TUTOR_OWES')",
    "OWED": "('TUTOR_PENDING', 'TUTOR_AVAILABLE', 'TUTOR_ON_THE_WAY', 'TUTOR_HELD', 'TUTOR_OWES', 'PLATFORM_PENDING', "
    "'PLATFORM_HELD', 'REFUNDS_DUE', 'UNAPPLIED')",
    "PAYOUT_KINDS": "('payout_reserved', 'payout_settled', 'payout_returned', 'payout_reversed', 'payout_fee')",
    "TO_REFUNDS": "('refund_tutor', 'refund_platform', 'refund_available', 'refund_owed', 'refund_revenue', "
    "'review_to_refund', 'charge_to_refund')",
    "SPLIT": "('charge_tutor', 'charge_platform')",
}


def violations() -> list[str]:
    """What is false, a line each; nothing where all is well. At most 20 of a kind are told, and how many there are."""
    with snapshot():
        return [*_missing_triggers(), *_found((*_LEDGER, *_TIME, *_PAYMENTS, *_BOOKINGS, *_HELD, *_PAYOUTS))]


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


def _missing_triggers() -> Iterator[str]:
    for name in _immutable.missing(connection):
        yield f"trigger {name} is missing: rows of the ledger can be changed"


def _found(checks: tuple[Check, ...]) -> Iterator[str]:
    words = _WORDS | {"EPOCH": _epoch("scheduled_at")}
    with connection.cursor() as cursor:
        for check in checks:
            cursor.execute(_filled(check.finds, words))
            rows = cursor.fetchall()
            yield from (check.says.format(*row) for row in rows[:SHOWN])
            if len(rows) > SHOWN:
                yield f"… and {len(rows) - SHOWN} more of these"


def _filled(sql: str, words: dict[str, str]) -> str:
    """The SQL with its lists of words in place; none of them comes from outside."""
    for name, words_sql in words.items():
        sql = sql.replace("{" + name + "}", words_sql)
    return sql


def _epoch(column: str) -> str:
    """Seconds since 1970 of an instant's column, as a whole number."""
    if connection.vendor == "postgresql":
        return f"extract(epoch FROM {column})::bigint"
    return f"CAST(strftime('%s', {column}) AS INTEGER)"
