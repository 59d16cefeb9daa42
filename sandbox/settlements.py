"""Paystack's settlements: the charges of one day (UTC) together, less their fees. Amounts are kobo.

They are told from the charges alone: here, what was paid is in the balance at once, and leaves it by transfers.
"""

import csv
import io
import sqlite3
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from sandbox import shapes
from sandbox.calls import Call, Refusal, Reply, whole_number
from sandbox.paystack import bad_request, keyed, not_found, paging
from sandbox.store import Store

#: The number of a settlement is this and the days from 1970 to its own.
FIRST_ID = 3_000_000
EPOCH = date(1970, 1, 1)
STATUSES = ("success", "processing", "pending", "failed")
SETTLED = "SELECT * FROM transactions WHERE amount_paid IS NOT NULL AND substr(paid_at, 1, 10) = ?"
DAYS = (
    "SELECT substr(paid_at, 1, 10) AS day, SUM(amount_paid) AS processed, SUM(fees) AS fees, MAX(paid_at) AS last "
    "FROM transactions WHERE amount_paid IS NOT NULL GROUP BY day ORDER BY day DESC"
)
#: The columns of the file that the dashboard exports for a payout.
COLUMNS = (
    "Reference", "Transaction Date", "Customer Email", "Amount Paid", "Paystack Fee", "Amount Due", "Settlement Date",
    "Gateway Response", "Customer Fullname", "Transaction ID", "Card Type", "Card Bank", "Country Code", "Currency",
    "Subaccount", "Subaccount Due",
)  # fmt: skip


def number_of(day: str) -> int:
    return FIRST_ID + (date.fromisoformat(day) - EPOCH).days


def day_of(named: str) -> str:
    """The day of a settlement, as YYYY-MM-DD, from its number."""
    number = whole_number(named)
    if number is None or not 0 <= number - FIRST_ID < 1_000_000:
        raise not_found("Settlement not found")
    return (EPOCH + timedelta(days=number - FIRST_ID)).isoformat()


def described(row: sqlite3.Row) -> dict[str, Any]:
    net = row["processed"] - row["fees"]
    return {
        "id": number_of(row["day"]),
        "domain": "test",
        "status": "success",
        "currency": "NGN",
        "integration": shapes.INTEGRATION,
        "total_amount": net,
        "effective_amount": net,
        "total_fees": row["fees"],
        "total_processed": row["processed"],
        "deductions": None,
        "settlement_date": f"{row['day']}T00:00:00.000Z",
        "settled_by": None,
        "createdAt": row["last"],
        "updatedAt": row["last"],
    }


@keyed
def list_settlements(call: Call) -> Reply:
    """GET /settlement?from&to&status&perPage&page, newest first; from and to are days, both included."""
    status = call.query.get("status", "success")
    if status not in STATUSES:
        raise bad_request("Invalid status", "invalid_params", f"Known are {', '.join(STATUSES)}")
    first, last = call.query.get("from", "")[:10], call.query.get("to", "")[:10] or "9999"
    with call.store.reading() as db:
        days = [row for row in db.execute(DAYS).fetchall() if first <= row["day"] <= last and status == "success"]
    per_page, page, meta = paging(call, len(days))
    data = [described(row) for row in days[(page - 1) * per_page : page * per_page]]
    meta |= {"perPage": per_page, "total_volume": sum(row["processed"] for row in days)}
    return Reply(200, {"status": True, "message": "Settlements retrieved", "data": data, "meta": meta})


@keyed
def list_settled(call: Call) -> Reply:
    """GET /settlement/ID/transactions?perPage&page, in the order of payment."""
    with call.store.reading() as db:
        rows = settled_on(db, day_of(call.path["id"]))
        per_page, page, meta = paging(call, len(rows))
        data = [shapes.listed(db, row) for row in rows[(page - 1) * per_page : page * per_page]]
    meta |= {"perPage": per_page, "total_volume": sum(row["amount_paid"] for row in rows)}
    return Reply(200, {"status": True, "message": "Transactions retrieved", "data": data, "meta": meta})


def settled_on(db: sqlite3.Connection, day: str) -> list[sqlite3.Row]:
    rows = db.execute(f"{SETTLED} ORDER BY paid_at, id", (day,)).fetchall()
    if not rows:
        raise not_found("Settlement not found")
    return rows


def export_settlement(call: Call) -> Response:
    """GET /_control/settlements/ID.csv: what the dashboard exports for one settlement."""
    try:
        written = as_csv(call.store, day_of(call.path["id"]))
    except Refusal:
        return Response("There is no such settlement.\n", 404, media_type="text/plain")
    name = f"settlement-{call.path['id']}.csv"
    return Response(written, media_type="text/csv", headers={"content-disposition": f'attachment; filename="{name}"'})


def as_csv(store: Store, day: str) -> str:
    """One line for each charge, amounts in naira with two decimals, times in UTC."""
    with store.reading() as db:
        rows = settled_on(db, day)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        card = shapes.card(row)
        writer.writerow(
            [
                row["reference"], row["paid_at"], row["email"], naira(row["amount_paid"]), naira(row["fees"]),
                naira(row["amount_paid"] - row["fees"]), day, row["gateway_response"], "", row["id"], card["card_type"],
                card["bank"], card["country_code"], row["currency"], "", "",
            ]
        )  # fmt: skip
    return file.getvalue()


def naira(kobo: int) -> str:
    return f"{kobo // 100}.{kobo % 100:02}"
