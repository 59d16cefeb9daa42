"""What an operator may do about a finding: each remedy, what it posts, and its rule.

Paystack is asked once more before anything moves: a finding that is gone, or whose facts have changed since they were
shown, is not acted upon. The row is closed by a conditional update in the transaction that moves the money, so that a
second press, or a second operator, finds it decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Unavailable
from oluko.core.gateway import GatewayError
from oluko.payments.models import ReviewItem
from oluko.payments.reviews import Line, close_item, get_item, moved_on
from oluko.reconciliation import mending
from oluko.reconciliation.comparison import examine, look_again
from oluko.reconciliation.findings import Code, Subject, close_unseen, remember, subject_of


class Remedy(StrEnum):
    """The values stand in addresses."""

    COMPARE = "compare"
    BOOK_FEE = "book_fee"
    TAKE_OVER = "take_over"
    BEAR = "bear"
    REFUND_REST = "refund_rest"
    SEND_ANEW = "send_anew"
    RETURN = "return"
    TAKE_BACK = "take_back"


@dataclass(frozen=True)
class Deed:
    """`lines` are the postings that `do` makes, inside a transaction, once the row is closed."""

    label: object
    question: object
    lines: Callable[[ReviewItem], list[Line]]
    do: Callable[[Person, ReviewItem], None]


DEEDS = {
    Remedy.BOOK_FEE: Deed(
        gettext_lazy("Book Paystack's fee"),
        gettext_lazy("The fee that Paystack took is booked; the platform bears it."),
        mending.fee_lines,
        mending.book_fee,
    ),
    Remedy.TAKE_OVER: Deed(
        gettext_lazy("Take over the refund"),
        gettext_lazy(
            "Our books take up what went back to the student, as if it had been given back here. A session ahead of "
            "which nothing is left is cancelled, and both people are told."
        ),
        mending.taken_over_lines,
        mending.take_over_refund,
    ),
    Remedy.BEAR: Deed(
        gettext_lazy("Let the platform bear it"),
        gettext_lazy("What Paystack does not have is booked as a loss. The session and its tutor keep what they have."),
        mending.loss_lines,
        mending.bear_loss,
    ),
    Remedy.REFUND_REST: Deed(
        gettext_lazy("Refund what is too much"),
        gettext_lazy("What the student paid beyond the price goes back, by a job."),
        mending.surplus_lines,
        mending.refund_surplus,
    ),
    Remedy.SEND_ANEW: Deed(
        gettext_lazy("Send the refund anew"),
        gettext_lazy("The student has not got it: a new refund of the same amount is sent, by a job."),
        mending.anew_lines,
        mending.send_anew,
    ),
    Remedy.RETURN: Deed(
        gettext_lazy("Give it back to the wallet"),
        gettext_lazy("The payout did not arrive: its money is the tutor's to withdraw again, who is told."),
        mending.returned_lines,
        mending.return_payout,
    ),
    Remedy.TAKE_BACK: Deed(
        gettext_lazy("Book it as paid out"),
        gettext_lazy(
            "The tutor has the money: it leaves the wallet again. What the wallet lacks becomes a debt, which the "
            "tutor's next earnings pay."
        ),
        mending.paid_lines,
        mending.book_as_paid,
    ),
}
_AGAIN = {
    Code.NOT_BOOKED: gettext_lazy("Apply the charge"),
    Code.PAYOUT_BEHIND: gettext_lazy("Take over what Paystack says"),
}
COMPARE_AGAIN = gettext_lazy("Compare again")


def label_of(item: ReviewItem, remedy: Remedy) -> str:
    """What the button says."""
    if remedy == Remedy.COMPARE:
        return str(_AGAIN.get(Code(item.detail["found"]), COMPARE_AGAIN))
    return str(DEEDS[remedy].label)


def remedies_of(item: ReviewItem) -> list[Remedy]:
    """What may be done about a finding now; nothing once it is closed, or where no comparison has found it."""
    if item.resolved_at is not None or subject_of(item) is None:
        return []
    return [*_remedies(item), Remedy.COMPARE]


def preview(item: ReviewItem, remedy: Remedy) -> list[Line]:
    """The transfers that a remedy posts, at once or when Paystack has done its part."""
    return mending.news_lines(item) if remedy == Remedy.COMPARE else DEEDS[remedy].lines(item)


def apply_remedy(operator: Person, item_id: int, remedy: Remedy, *, note: str = "") -> None:
    """Do what the remedy says, and close the row.

    Raises NotFound, Conflict where the row is decided, gone or has changed, Unavailable where Paystack does not
    answer, Invalid for a note that is too long.
    """
    item = get_item(item_id)
    if remedy not in remedies_of(item):
        raise moved_on()
    if subject := subject_of(item):
        _look_once_more(item, *subject)
    _do(operator, item_id, remedy, note, dict(item.detail))


def compare_again(operator: Person, item_id: int) -> bool:
    """Ask Paystack about this one now and apply what is news; True if the finding is still there.

    Raises NotFound, Conflict where it is closed, Unavailable where Paystack does not answer.
    """
    item = get_item(item_id)
    subject = subject_of(item)
    if item.resolved_at is not None or subject is None:
        raise moved_on()
    try:
        return look_again(*subject)
    except GatewayError as problem:
        raise _unavailable() from problem


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _do(operator: Person, item_id: int, remedy: Remedy, note: str, seen: dict[str, object]) -> None:
    item = get_item(item_id)
    if remedy not in remedies_of(item) or item.detail != seen:
        raise moved_on()
    close_item(operator, item, label_of(item, remedy), remedy.name, note)
    DEEDS[remedy].do(operator, item)


def _look_once_more(item: ReviewItem, subject: Subject, name: str) -> None:
    started = timezone.now()
    try:
        findings = examine(subject, name).findings
    except GatewayError as problem:
        raise _unavailable() from problem
    mine = next((finding for finding in findings if finding.key[:120] == item.key), None)
    if mine is not None and mine.detail == {name: item.detail.get(name) for name in mine.detail}:
        return
    for finding in findings:
        remember(finding)
    close_unseen(started, of=(subject, name))
    raise Conflict("moved_on", _("This has changed at Paystack or here since it was found; reload to see it."))


def _remedies(item: ReviewItem) -> list[Remedy]:
    ours, theirs = item.detail.get("ours", {}), item.detail.get("theirs", {})
    known = "payment_id" in item.detail
    match Code(str(item.detail["found"])):
        case Code.FEE | Code.PAYOUT_FEE:
            return [Remedy.BOOK_FEE]
        case Code.NOT_PAID:
            return [Remedy.BEAR]
        case Code.AMOUNT:
            return [Remedy.BEAR if theirs["amount"] < ours["amount"] else Remedy.REFUND_REST]
        case Code.REFUND_UNKNOWN | Code.REVERSED if known:
            return [Remedy.TAKE_OVER] if mending.can_take_over(item) else []
        case Code.REFUND_NOT_MADE if theirs["status"] in ("unknown", "failed"):
            return [Remedy.SEND_ANEW]
        case Code.PAYOUT_NOT_PAID if mending.can_return(item):
            return [Remedy.RETURN]
        case Code.PAID_AFTER_RETURN if mending.can_book_as_paid(item):
            return [Remedy.TAKE_BACK]
    return []


def _unavailable() -> Unavailable:
    message = _("Paystack is not answering just now; nothing was changed. Try again in a moment.")
    return Unavailable("provider_unavailable", message)
