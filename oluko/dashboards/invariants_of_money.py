"""What must be true of payments, refunds, bookings' money, disputes and payouts. `invariants.py` asks for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oluko.dashboards.invariants_of_books import Check

# The postings of each reference, summed by what they mean.
_POSTED = """
    SELECT payment_reference,
        sum(CASE WHEN kind IN {SPLIT} THEN amount ELSE 0 END) AS split,
        sum(CASE WHEN kind = 'charge_tutor' THEN amount ELSE 0 END) AS tutor,
        sum(CASE WHEN kind = 'charge_to_refund' THEN amount ELSE 0 END) AS sent_back,
        sum(CASE WHEN kind = 'charge_unapplied' THEN amount ELSE 0 END) AS unapplied,
        sum(CASE WHEN kind = 'fee' THEN amount WHEN kind = 'fee_returned' THEN -amount ELSE 0 END) AS fee,
        sum(CASE WHEN kind IN {TO_REFUNDS} THEN amount ELSE 0 END) AS due,
        sum(CASE WHEN kind = 'refunded' THEN amount ELSE 0 END) AS refunded,
        sum(CASE WHEN kind IN {TAKEN} THEN amount ELSE 0 END) AS taken
    FROM ledger_transfer WHERE payment_reference <> '' GROUP BY payment_reference"""

_PAYMENTS = (
    Check(
        _("Every paid payment is split, or sent back, to the kobo"),
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
        _("Money is posted for paid payments only"),
        "money of {0} is posted, but no payment of that reference is paid",
        """
        SELECT t.payment_reference FROM ({POSTED}) AS t
        LEFT JOIN payments_payment p ON p.reference = t.payment_reference AND p.status = 'PAID'
        WHERE p.id IS NULL AND (t.split <> 0 OR t.sent_back <> 0 OR (t.fee <> 0 AND t.unapplied = 0))""",
    ),
    Check(
        _("What Paystack has kept of money that is not applied is booked"),
        "Paystack's fee of {0}, which was not applied, is {1}, and posted as {2}",
        """
        SELECT p.reference, p.fee, t.fee FROM ({POSTED}) AS t
        JOIN payments_payment p ON p.reference = t.payment_reference WHERE t.unapplied <> 0 AND t.fee <> p.fee""",
    ),
    Check(
        _("Money that is not applied waits for a decision"),
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
        _("What payments owe and have paid back is what their refunds say"),
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
        _("Refunds due are the refunds that are not done"),
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
        _("A booking that is paid is paid by one payment"),
        "booking {0} is {1} and {2}, and {3} payments fulfil it",
        """
        SELECT b.id, b.status, b.payment_status, coalesce(t.fulfilled, 0) FROM bookings_booking b
        LEFT JOIN ({OF_BOOKING}) AS t ON t.booking_id = b.id
        WHERE CASE b.payment_status WHEN 'PAID' THEN coalesce(t.fulfilled, 0) <> 1
            WHEN 'REFUNDED' THEN coalesce(t.fulfilled, 0) > 1 ELSE coalesce(t.fulfilled, 0) <> 0 END""",
    ),
    Check(
        _("Each booking's parts lie where its state says"),
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
        _("Each booking's money lies in its own tutor's wallet"),
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
        _("What banks have taken has left the books once"),
        "banks have taken {1} of {0}, and {2} of it is booked",
        """
        SELECT d.reference, d.amount, t.taken + coalesce(r.amount, 0) FROM (
            SELECT p.id, p.reference, sum(x.amount) AS amount FROM payments_dispute x
            JOIN payments_payment p ON p.id = x.payment_id WHERE x.status = 'LOST' GROUP BY p.id, p.reference
        ) AS d JOIN ({POSTED}) AS t ON t.payment_reference = d.reference LEFT JOIN (
            SELECT payment_id, sum(amount) AS amount FROM payments_refund WHERE outcome = 'Taken by the bank'
            GROUP BY payment_id
        ) AS r ON r.payment_id = d.id
        WHERE t.split + t.sent_back + t.unapplied > 0 AND t.taken + coalesce(r.amount, 0) <> d.amount""",
    ),
    Check(
        _("Tutors' frozen money is what open disputes hold"),
        "{2} of person {0} are frozen in {1}, open disputes hold {3}",
        """
        SELECT o.person_id, o.currency, sum(o.balance), sum(o.held) FROM (
            SELECT person_id, currency, balance, 0 AS held FROM ledger_account WHERE kind = 'TUTOR_HELD'
            UNION ALL SELECT tutor_id, currency, 0, held_tutor FROM ({DISPUTED}) AS t
        ) AS o GROUP BY o.person_id, o.currency HAVING sum(o.balance) <> sum(o.held)""",
    ),
    Check(
        _("The platform's frozen money is what open disputes hold"),
        "{1} of the platform are frozen in {0}, open disputes hold {2}",
        """
        SELECT o.currency, sum(o.balance), sum(o.held) FROM (
            SELECT currency, balance, 0 AS held FROM ledger_account WHERE kind = 'PLATFORM_HELD'
            UNION ALL SELECT currency, 0, held_platform FROM ({DISPUTED}) AS t
        ) AS o GROUP BY o.currency HAVING sum(o.balance) <> sum(o.held)""",
    ),
    Check(
        _("A release is held only by something open"),
        "the release of booking {0} is held, and nothing open holds it",
        """
        SELECT b.id FROM bookings_booking b WHERE b.release_held
            AND NOT EXISTS (SELECT 1 FROM payments_problem r WHERE r.booking_id = b.id AND r.status = 'OPEN')
            AND NOT EXISTS (SELECT 1 FROM ({DISPUTED}) AS t WHERE t.booking_id = b.id)""",
    ),
    Check(
        _("What is disputed or reported holds its release"),
        "booking {0} has an open dispute or problem, and its release is not held",
        """
        SELECT b.id FROM bookings_booking b JOIN payments_problem r ON r.booking_id = b.id AND r.status = 'OPEN'
        WHERE NOT b.release_held OR b.released_at IS NOT NULL
        UNION
        SELECT t.booking_id FROM ({DISPUTED}) AS t
        WHERE NOT t.release_held AND (t.held_tutor <> 0 OR t.held_platform <> 0)""",
    ),
    Check(
        _("Who owes has nothing available"),
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
        sum(CASE WHEN kind = 'payout_returned' THEN amount WHEN kind = 'payout_taken_back' THEN -amount ELSE 0 END)
            AS returned,
        sum(CASE WHEN kind = 'payout_reversed' THEN amount ELSE 0 END) AS reversed,
        sum(CASE WHEN kind = 'payout_fee' THEN amount WHEN kind = 'payout_fee_returned' THEN -amount ELSE 0 END)
            AS fee
    FROM ledger_transfer WHERE kind IN {PAYOUT_KINDS} GROUP BY payment_reference"""

_PAYOUTS = (
    Check(
        _("Every payout is posted as its state says"),
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
        _("Money is posted for known payouts only"),
        "money of payout {0} is posted, but there is no such payout",
        """
        SELECT t.payment_reference FROM ({OF_PAYOUT}) AS t
        LEFT JOIN payouts_payout p ON p.reference = t.payment_reference WHERE p.id IS NULL""",
    ),
    Check(
        _("Payouts come out of their own tutor's wallet"),
        "money of payout {0} comes from another tutor's wallet",
        """
        SELECT p.reference FROM payouts_payout p JOIN ledger_transfer x ON x.payment_reference = p.reference
        JOIN ledger_account d ON d.id = x.debit_id JOIN ledger_account c ON c.id = x.credit_id
        WHERE d.person_id <> p.tutor_id OR c.person_id <> p.tutor_id""",
    ),
    Check(
        _("What is on the way is the sum of open payouts"),
        "{2} of person {0} are on the way in {1}, open payouts make {3}",
        """
        SELECT o.person_id, o.currency, sum(o.balance), sum(o.amount) FROM (
            SELECT person_id, currency, balance, 0 AS amount FROM ledger_account WHERE kind = 'TUTOR_ON_THE_WAY'
            UNION ALL
            SELECT tutor_id, currency, 0, amount FROM payouts_payout WHERE status NOT IN ('PAID', 'RETURNED')
        ) AS o GROUP BY o.person_id, o.currency HAVING sum(o.balance) <> sum(o.amount)""",
    ),
)

MONEY = (*_PAYMENTS, *_BOOKINGS, *_HELD, *_PAYOUTS)

# What stands in braces above; a part that holds others comes before them.
WORDS = {
    "POSTED": _POSTED,
    "OF_BOOKING": _OF_BOOKING,
    "OF_PAYOUT": _OF_PAYOUT,
    "DISPUTED": _DISPUTED,
    "PAYOUT_KINDS": "('payout_reserved', 'payout_settled', 'payout_returned', 'payout_reversed', 'payout_fee', "
    "'payout_fee_returned', 'payout_taken_back')",
    "TO_REFUNDS": "('refund_tutor', 'refund_platform', 'refund_available', 'refund_owed', 'refund_revenue', "
    "'review_to_refund', 'charge_to_refund', 'surplus_to_refund', 'refund_undone')",
    "TAKEN": "('dispute_lost_tutor', 'dispute_lost_owed', 'dispute_lost_platform', 'dispute_lost_unapplied', "
    "'dispute_loss')",
    "SPLIT": "('charge_tutor', 'charge_platform')",
}
