"""Paystack's settlement file: the lines that its dashboard exports, against our payments and their fees.

The file is read whole before anything is compared. A line that differs is a finding of its own, which closes itself
once our books have what the line says.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.core.errors import Invalid
from oluko.payments.models import Payment, ReviewItem
from oluko.payments.tasks import check_payment_job
from oluko.reconciliation.findings import Code, Examined, Finding, Subject, of_currency, remember
from oluko.reconciliation.models import Run

LARGEST = 2 * 1024 * 1024
MOST_LINES = 10_000
#: The columns that are needed, as the file heads them, in any order among others.
COLUMNS = ("Reference", "Amount Paid", "Paystack Fee", "Amount Due", "Currency")
MOST_MONEY = Decimal(10**13)


@dataclass(frozen=True)
class Line:
    """One charge of a settlement; amounts in minor units."""

    reference: str
    amount: int
    fee: int
    due: int
    currency: str


def read_file(raw: bytes) -> list[Line]:
    """The lines of a settlement file. Raises Invalid (field `file`), with the line's number, for what is none."""
    if len(raw) > LARGEST:
        raise _bad(_("The file is larger than 2 MB."))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(_("This is no text file. Export the settlement as CSV at Paystack.")) from None
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise _bad(_("The file has no column “%(name)s”.") % {"name": missing[0]})
        lines = [_line(row, number) for number, row in enumerate(reader, 2)]
    except csv.Error as problem:
        raise _bad(_("This is no CSV file: %(problem)s.") % {"problem": problem}) from None
    _check_whole(lines)
    return lines


def compare_file(raw: bytes, *, asked_by: UUID | None = None) -> Run:
    """Compare a settlement file with our books, at once. Raises Invalid for a file that is none.

    Payments that the file has and our books do not are asked about by jobs.
    """
    lines = read_file(raw)
    run = Run.objects.create(cause=Run.Cause.FILE, asked_by_id=asked_by, since=timezone.now())
    for start in range(0, len(lines), 500):
        part = lines[start : start + 500]
        ours = Payment.objects.in_bulk([line.reference for line in part], field_name="reference")
        for line in part:
            finding = _difference(ours.get(line.reference), line)
            if finding is None:
                continue
            run.found += remember(finding)
            _ask_about(ours.get(line.reference))
    fees, due = sum(line.fee for line in lines), sum(line.due for line in lines)
    run.counts = {"lines": len(lines), "paid": sum(line.amount for line in lines), "fees": fees, "due": due}
    run.finished_at = timezone.now()
    run.save()
    return run


def examine_line(reference: str) -> Examined:
    """A settlement's line once more, as it was found, against our books as they are now."""
    item = ReviewItem.objects.filter(key=_key(reference)).first()
    line = Line(**item.detail["line"]) if item else None
    payment = Payment.objects.filter(reference=reference).first()
    finding = _difference(payment, line) if line else None
    return Examined((finding,) if finding else ())


def _difference(payment: Payment | None, line: Line) -> Finding | None:
    booked = payment is not None and payment.status == Payment.Status.PAID
    if booked and payment is not None:
        same = (payment.amount, payment.fee, payment.currency) == (line.amount, line.fee, line.currency)
        if same and line.due == line.amount - line.fee:
            return None
        ours = of_currency(payment.amount, payment.currency, fee=payment.fee, due=payment.amount - payment.fee)
    else:
        ours = {"status": payment.status} if payment else {}
    return Finding(
        key=_key(line.reference),
        kind=ReviewItem.Kind.SETTLEMENT,
        code=Code.SETTLEMENT,
        reference=line.reference,
        subject=Subject.SETTLEMENT,
        name=line.reference,
        ours=ours,
        theirs=of_currency(line.amount, line.currency, fee=line.fee, due=line.due),
        about={"line": asdict(line)} | ({"payment_id": str(payment.pk)} if payment else {}),
    )


def _key(reference: str) -> str:
    return f"paystack:settlement:{reference}"[:120]


def _ask_about(payment: Payment | None) -> None:
    if payment is not None and payment.status != Payment.Status.PAID:
        with transaction.atomic():
            check_payment_job.enqueue(payment.reference)


def _line(row: dict[str, Any], number: int) -> Line:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not cells["Reference"] or len(cells["Reference"]) > 100 or len(cells["Currency"]) != 3 or None in row:
        raise _bad(_("Line %(number)s is not a line of a settlement.") % {"number": number})
    amounts = [_minor(cells[name], number) for name in ("Amount Paid", "Paystack Fee", "Amount Due")]
    return Line(cells["Reference"], amounts[0], amounts[1], amounts[2], cells["Currency"])


def _minor(text: str, number: int) -> int:
    """Minor units of an amount with two decimals; thousands may be parted by commas."""
    try:
        amount = Decimal(text.replace(",", ""))
        if amount.is_finite() and abs(amount) < MOST_MONEY and amount * 100 == int(amount * 100):
            return int(amount * 100)
    except InvalidOperation:
        pass
    raise _bad(_("Line %(number)s: “%(text)s” is no amount.") % {"number": number, "text": text[:40]})


def _check_whole(lines: list[Line]) -> None:
    if not lines:
        raise _bad(_("The file has no lines."))
    if len(lines) > MOST_LINES:
        raise _bad(_("The file has more than 10,000 lines."))
    seen: set[str] = set()
    for number, line in enumerate(lines, 2):
        if line.reference in seen:
            raise _bad(_("Line %(number)s has a reference that the file had before.") % {"number": number})
        seen.add(line.reference)


def _bad(message: str) -> Invalid:
    return Invalid("bad_file", message, field="file")
