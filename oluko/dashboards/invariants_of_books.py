"""What must be true of the books and of people's time. `invariants.py` asks the database for it.

Each check is one query that returns the rows which break it, so that an empty answer is the proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Check:
    """`holds` is what must be true; every row of the SQL `finds` breaks it; `says` is filled with the row's columns."""

    holds: str | Promise
    says: str
    finds: str


_LEDGER = (
    Check(
        _("Every balance is the sum of its transfers"),
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
        _("What is held and spent is what is owed and earned"),
        "books of {0} do not balance: {1} held and spent, {2} owed and earned",
        """
        SELECT currency, sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN balance ELSE 0 END),
               sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN 0 ELSE balance END)
        FROM ledger_account GROUP BY currency
        HAVING sum(CASE WHEN kind IN {DEBIT_NORMAL} THEN balance ELSE -balance END) <> 0""",
    ),
    Check(
        _("No wallet and no debt is below zero"),
        "account {0} ({1}) is below zero: {2}",
        "SELECT id, kind, balance FROM ledger_account WHERE balance < 0 AND kind IN {OWED}",
    ),
    Check(
        _("Transfers move their own currency, between two accounts"),
        "transfer {0} moves {1} of {2} between accounts of {3} and {4}",
        """
        SELECT t.idempotency_key, t.amount, t.currency, d.currency, c.currency
        FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
        WHERE t.currency <> d.currency OR t.currency <> c.currency OR t.amount <= 0 OR t.debit_id = t.credit_id""",
    ),
    Check(
        _("No event is posted twice"),
        "event {0} was posted {1} times",
        "SELECT idempotency_key, count(*) FROM ledger_transfer GROUP BY idempotency_key HAVING count(*) > 1",
    ),
    Check(
        _("No webhook is stored twice"),
        "webhook {0} is stored {1} times",
        "SELECT digest, count(*) FROM payments_providerevent GROUP BY digest HAVING count(*) > 1",
    ),
    Check(
        _("No reference belongs to two payments"),
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
        _("Nobody's time is given away twice"),
        "person {0} is held twice in quarter {1}",
        "SELECT person_id, quarter FROM calendars_claim GROUP BY person_id, quarter HAVING count(*) > 1",
    ),
    Check(
        _("Live bookings hold the time that they need"),
        "booking {0} should hold {2} quarters of person {1} and holds {3}, or others",
        """
        SELECT h.id, h.person_id, h.quarters, coalesce(c.held, 0) FROM ({HOLDERS}) AS h LEFT JOIN (
            SELECT booking_id, person_id, count(*) AS held, min(quarter) AS first, max(quarter) AS last
            FROM calendars_claim GROUP BY booking_id, person_id
        ) AS c ON c.booking_id = h.id AND c.person_id = h.person_id
        WHERE c.held IS NULL OR c.held <> h.quarters OR c.first <> h.first OR c.last <> h.first + h.quarters - 1""",
    ),
    Check(
        _("Nothing else holds anybody's time"),
        "person {1} is held in {2} quarters by booking {0}, which is not live or not theirs",
        """
        SELECT c.booking_id, c.person_id, count(*) FROM calendars_claim c
        LEFT JOIN bookings_booking b ON b.id = c.booking_id AND b.status IN {LIVE}
            AND c.person_id IN (b.tutor_id, b.student_id)
        WHERE b.id IS NULL GROUP BY c.booking_id, c.person_id""",
    ),
    Check(
        _("The time of a paid booking does not lapse"),
        "claims of paid booking {0} would lapse",
        """
        SELECT DISTINCT b.id FROM bookings_booking b JOIN calendars_claim c ON c.booking_id = b.id
        WHERE b.payment_status = 'PAID' AND c.expires_at IS NOT NULL""",
    ),
)

BOOKS_AND_TIME = (*_LEDGER, *_TIME)

# What stands in braces above.
WORDS = {
    "HOLDERS": _HOLDERS,
    "LIVE": "('PENDING_MENTOR_REVIEW', 'SCHEDULED', 'IN_PROGRESS')",
    "DEBIT_NORMAL": "('PAYSTACK_CLEARING', 'PAYSTACK_FEES', 'TUTOR_OWES')",
    "OWED": "('TUTOR_PENDING', 'TUTOR_AVAILABLE', 'TUTOR_ON_THE_WAY', 'TUTOR_HELD', 'TUTOR_OWES', 'PLATFORM_PENDING', "
    "'PLATFORM_HELD', 'REFUNDS_DUE', 'UNAPPLIED')",
}
