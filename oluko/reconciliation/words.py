"""Findings in words: what is the matter, and both sides of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.core import money
from oluko.payments.models import ReviewItem
from oluko.reconciliation.findings import Code
from oluko.reconciliation.models import Run

SENTENCES = {
    Code.NOT_BOOKED: gettext_lazy("Paystack has this money; our books could not take it up."),
    Code.NOT_PAID: gettext_lazy("Our books have this as paid; Paystack says that it is not."),
    Code.UNKNOWN: gettext_lazy("Paystack took money for a reference that is not ours. If it is nobody's, refund it at "
                               "Paystack; this row then closes itself."),
    Code.IN_REVIEW: gettext_lazy("The money that arrived is not what was agreed, and was not applied."),
    Code.AMOUNT: gettext_lazy("Paystack took another amount than our books have."),
    Code.CURRENCY: gettext_lazy("Paystack took another currency than our books have."),
    Code.FEE: gettext_lazy("Paystack's fee of this payment is not the one in our books."),
    Code.REVERSED: gettext_lazy("Paystack says that this payment went back; no refund of ours nor dispute says why."),
    Code.ATTEMPT_STUCK: gettext_lazy("This attempt to pay should have been given up long ago."),
    Code.REFUND_UNKNOWN: gettext_lazy("Paystack made a refund that our books do not have; somebody made it there."),
    Code.REFUND_NOT_MADE: gettext_lazy("Our books have this refund as made; Paystack has not made it."),
    Code.REFUND_AMOUNT: gettext_lazy("Paystack refunds another amount than our books have."),
    Code.REFUND_STUCK: gettext_lazy("This refund has been under way for longer than it may be."),
    Code.PAYOUT_UNKNOWN: gettext_lazy("Paystack made a transfer that our books do not have. Look at once who made it."),
    Code.PAYOUT_NOT_PAID: gettext_lazy("Our books have this payout as sent; Paystack says otherwise."),
    Code.PAYOUT_BEHIND: gettext_lazy("This payout is over at Paystack; our books could not take that up."),
    Code.PAID_AFTER_RETURN: gettext_lazy("Paystack paid this out after our books had given it back to the wallet."),
    Code.OPEN_AFTER_RETURN: gettext_lazy("Our books gave this back to the wallet; Paystack may still pay it out."),
    Code.PAYOUT_AMOUNT: gettext_lazy("Paystack transfers another amount than our books have."),
    Code.PAYOUT_FEE: gettext_lazy("Paystack's fee of this payout is not the one in our books."),
    Code.PAYOUT_STUCK: gettext_lazy("This payout has been under way for longer than it may be."),
    Code.DISPUTE_UNKNOWN: gettext_lazy("A bank disputes a payment that is not ours."),
    Code.DISPUTE_DIFFERS: gettext_lazy("This dispute ended otherwise at Paystack than in our books."),
    Code.DISPUTE_MISSING: gettext_lazy("Our books have a dispute that Paystack does not know."),
    Code.SETTLEMENT: gettext_lazy("A line of a settlement file is not what our books have."),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One fact, as our books have it and as Paystack has it."""

    name: str
    ours: str
    theirs: str

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs


def sentence_of(item: ReviewItem) -> str:
    """What is the matter, in one sentence; empty for rows that no comparison has found."""
    try:
        return str(SENTENCES[Code(str(item.detail.get("found")))])
    except ValueError:
        return ""


def sides_of(item: ReviewItem) -> list[Row]:
    """Both sides of a finding, a row each fact; empty for other rows."""
    ours, theirs = item.detail.get("ours"), item.detail.get("theirs")
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return []
    names = {
        "amount": _("Amount"), "fee": _("Paystack's fee"), "due": _("Rest"), "status": _("State"),
        "number": _("Paystack's number"),
    }  # fmt: skip
    return [
        Row(label, _shown(name, ours), _shown(name, theirs))
        for name, label in names.items()
        if name in ours or name in theirs
    ]


def counts_of(run: Run) -> str:
    """How much a run has compared, in words."""
    counts = run.counts
    if run.cause == Run.Cause.FILE:
        paid, fees = money.show(counts.get("paid", 0)), money.show(counts.get("fees", 0))
        facts = {"lines": counts.get("lines", 0), "paid": paid, "fees": fees}
        return _("%(lines)s lines, %(paid)s paid, %(fees)s fees") % facts
    sorts = {"payments": _("payments"), "refunds": _("refunds"), "payouts": _("payouts"), "disputes": _("disputes")}
    return ", ".join(f"{counts.get(sort, 0)} {label}" for sort, label in sorts.items())


def state_of(run: Run) -> str:
    """Whether a run is under way, whole, or ended early and why."""
    if run.error:
        return _("Ended early, nothing was closed: %(why)s") % {"why": run.error}
    return _("Complete") if run.finished_at else _("Under way")


def _shown(name: str, side: dict[str, object]) -> str:
    value = side.get(name)
    if value is None:
        return "–"
    if name in ("amount", "fee", "due") and isinstance(value, int):
        return money.show(value, str(side.get("currency") or ""))
    return _("not known there") if value == "unknown" else str(value).replace("_", " ").lower()
