"""What the remedies post. Each is called inside a transaction that has closed the finding's row, and locks what it
moves before it reads it; each has beside it the lines that a preview shows of it."""

from __future__ import annotations

from typing import NoReturn

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import LIVE, Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.sessions import complete_over
from oluko.bookings.wording import tell_both
from oluko.calendars.claims import release_time
from oluko.core import clock, money
from oluko.ledger.models import Account, Transfer
from oluko.ledger.transfers import Posting, account, lock_balances, post
from oluko.ledger.wallets import wallet_of
from oluko.meetings.meetings import close_meeting
from oluko.payments.finalize import will_fulfil
from oluko.payments.giving_back import (
    Plan,
    give_back,
    left_of,
    lock_booking,
    open_disputes,
    preview_give_back,
    settling_payment,
)
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.refunds import queue_refund, settle
from oluko.payments.reviews import Line, moved_on
from oluko.payouts.models import Payout
from oluko.payouts.payouts import change_state, locked_payout, return_money
from oluko.payouts.payouts import settle as settle_payout

Kind = Account.Kind
UNSENT = (Refund.Status.QUEUED, Refund.Status.NEEDS_ATTENTION)


def fee_lines(item: ReviewItem) -> list[Line]:
    return [_line(posting) for posting in _fee_postings(item)]


def book_fee(operator: Person, item: ReviewItem) -> None:
    """Our books have the fee that Paystack took."""
    fee, owner = item.detail["theirs"]["fee"], _payment_if_any(item) or _payout_if_any(item)
    rows = type(owner).objects.filter(pk=owner.pk, fee=item.detail["ours"]["fee"]) if owner else None
    if owner is None or rows is None or not rows.update(fee=fee):
        raise moved_on()
    # By no booking's account: what Paystack takes from the platform is not part of its people's story.
    post(_fee_postings(item), at=clock.now(), payment_reference=owner.reference)


def loss_lines(item: ReviewItem) -> list[Line]:
    return [_line(_loss(item))]


def bear_loss(operator: Person, item: ReviewItem) -> None:
    """The platform bears what Paystack does not have of a payment."""
    payment = _payment(item)
    # By no booking's account: what the session was paid with, and its split, stay as they are.
    post([_loss(item)], at=clock.now(), payment_reference=payment.reference)


def news_lines(item: ReviewItem) -> list[Line]:
    """What is posted once Paystack's news can be taken up: of a charge, or of a payout that is over."""
    payment, payout = _payment_if_any(item), _payout_if_any(item)
    found, fee = item.detail["found"], item.detail.get("theirs", {}).get("fee", 0)
    if payment is not None and found == "not_booked":
        return [*_charge_lines(payment), *_fee_line(fee, payment.currency)]
    if payout is not None and found == "payout_behind":
        way, status = str(Kind.TUTOR_ON_THE_WAY.label), item.detail["theirs"]["status"]
        if status == "success":
            moved = [Line(way, str(Kind.PAYSTACK_CLEARING.label), payout.amount, payout.currency)]
        else:
            moved = _back_to_wallet(payout, way)
        # What never arrived costs nothing; what arrived and came back has cost its fee.
        kept = fee if status in ("success", "reversed") and not payout.fee else 0
        return [*moved, *_fee_line(kept, payout.currency)]
    return []


def _charge_lines(payment: Payment) -> list[Line]:
    held, booking = str(Kind.PAYSTACK_CLEARING.label), payment.booking
    if not will_fulfil(booking):
        return [Line(held, str(Kind.REFUNDS_DUE.label), payment.amount, payment.currency)]
    parts = money.split(payment.amount, booking.tutor_share_bps)
    return [
        Line(held, str(Kind.TUTOR_PENDING.label), parts.tutor, payment.currency),
        Line(held, str(Kind.PLATFORM_PENDING.label), parts.platform, payment.currency),
    ]


def _fee_line(fee: int, currency: str) -> list[Line]:
    return [Line(str(Kind.PAYSTACK_FEES.label), str(Kind.PAYSTACK_CLEARING.label), fee, currency)] if fee else []


def _back_to_wallet(payout: Payout, source: str) -> list[Line]:
    """A payout that comes back pays first what its tutor owes."""
    wallet, currency = str(Kind.TUTOR_AVAILABLE.label), payout.currency
    recovered = min(wallet_of(payout.tutor).owes, payout.amount)
    owes = [Line(wallet, str(Kind.TUTOR_OWES.label), recovered, currency)] if recovered else []
    return [Line(source, wallet, payout.amount, currency), *owes]


def surplus_lines(item: ReviewItem) -> list[Line]:
    amount, currency = _surplus(item), item.detail["ours"]["currency"]
    return [
        Line(str(Kind.PAYSTACK_CLEARING.label), str(Kind.REFUNDS_DUE.label), amount, currency),
        Line(str(Kind.REFUNDS_DUE.label), str(Kind.PAYSTACK_CLEARING.label), amount, currency),
    ]


def refund_surplus(operator: Person, item: ReviewItem) -> None:
    """What was paid beyond the price goes back."""
    payment = _payment(item)
    _send(payment, _surplus(item), "surplus_to_refund")


def anew_lines(item: ReviewItem) -> list[Line]:
    refund = Refund.objects.get(pk=item.detail["refund_id"])
    held, due = str(Kind.PAYSTACK_CLEARING.label), str(Kind.REFUNDS_DUE.label)
    return [Line(held, due, refund.amount, refund.currency), Line(due, held, refund.amount, refund.currency)]


def send_anew(operator: Person, item: ReviewItem) -> None:
    """The refund that Paystack did not make is sent as another one; the first stays in the books with its undoing."""
    refund = Refund.objects.select_related("payment").get(pk=item.detail["refund_id"])
    _send(refund.payment, refund.amount, "refund_undone")


def can_take_over(item: ReviewItem) -> bool:
    """Whether a refund made at Paystack is one that waits here, or can be borne as one given back here."""
    payment, amount = _payment_if_any(item), item.detail["theirs"]["amount"]
    if payment is None or payment.status != Payment.Status.PAID:
        return False
    if _waiting(payment, amount) is not None:
        return True
    booking = payment.booking
    settles = settling_payment(booking)
    mine = settles is not None and settles.pk == payment.pk and booking.payment_status == PaymentStatus.PAID
    return mine and 0 < amount <= left_of(booking) and not open_disputes(booking)


def taken_over_lines(item: ReviewItem) -> list[Line]:
    payment, amount = _payment(item), item.detail["theirs"]["amount"]
    due, held, currency = str(Kind.REFUNDS_DUE.label), str(Kind.PAYSTACK_CLEARING.label), payment.currency
    lines = [Line(due, held, amount, currency)]
    if _waiting(payment, amount) is not None:
        return lines
    plan = preview_give_back(payment.booking, amount)
    return [*(Line(source, due, part, currency) for source, part in _bearers(plan) if part), *lines]


def take_over_refund(operator: Person, item: ReviewItem) -> None:
    """What went back at Paystack is in our books as a refund that is done: one that waits here, or a new one."""
    payment, amount = _payment(item), item.detail["theirs"]["amount"]
    lock_booking(payment.booking_id)
    refund = _locked_waiting(payment, amount)
    if refund is None:
        booking = Booking.objects.select_related("student", "tutor").get(pk=payment.booking_id)
        refund = give_back(booking, amount, cause=Refund.Cause.GOODWILL)
        _end_unpaid(booking, operator)
    number = str(item.detail["theirs"].get("number", ""))
    # Settled in the same transaction, before its job is seen by anybody: it is never sent.
    settle(refund.pk, paystack_id=number, outcome="Made at Paystack")


def can_return(item: ReviewItem) -> bool:
    payout = _payout_if_any(item)
    return payout is not None and payout.status in (Payout.Status.PAID, Payout.Status.ON_THE_WAY) and not _moving(item)


def returned_lines(item: ReviewItem) -> list[Line]:
    payout = _payout(item)
    source = Kind.PAYSTACK_CLEARING if payout.status == Payout.Status.PAID else Kind.TUTOR_ON_THE_WAY
    return _back_to_wallet(payout, str(source.label))


def return_payout(operator: Person, item: ReviewItem) -> None:
    """The payout did not arrive: back to the wallet."""
    payout = locked_payout(item.detail["payout_id"])
    before = (Payout.Status(item.detail["ours"]["status"]),)
    if not return_money(payout, why=_("Paystack has not paid it."), only_from=before, actor_id=operator.pk):
        raise moved_on()


def can_book_as_paid(item: ReviewItem) -> bool:
    """Whether it was given back before it had ever been booked as arrived: only then is there one settlement."""
    payout = _payout_if_any(item)
    if payout is None or payout.status != Payout.Status.RETURNED:
        return False
    return not Transfer.objects.filter(idempotency_key=f"payout:{payout.pk}:settled").exists()


def paid_lines(item: ReviewItem) -> list[Line]:
    payout = _payout(item)
    there = min(wallet_of(payout.tutor).available, payout.amount)
    way, currency = str(Kind.TUTOR_ON_THE_WAY.label), payout.currency
    moves = [(str(Kind.TUTOR_AVAILABLE.label), there), (str(Kind.TUTOR_OWES.label), payout.amount - there)]
    lines = [Line(source, way, part, currency) for source, part in moves if part]
    settled = Line(way, str(Kind.PAYSTACK_CLEARING.label), payout.amount, currency)
    return [*lines, settled, *_fee_line(item.detail["theirs"]["fee"], currency)]


def book_as_paid(operator: Person, item: ReviewItem) -> None:
    """Out of the wallet once more, and settled; what the wallet lacks is owed."""
    payout = locked_payout(item.detail["payout_id"])
    taken = change_state(
        payout, (Payout.Status.RETURNED,), Payout.Status.ON_THE_WAY, {"outcome": "success"}, actor_id=operator.pk
    )
    if not taken:
        raise moved_on()
    currency, tutor, key = payout.currency, payout.tutor_id, f"payout:{payout.pk}:taken_back"
    available, way = account(Kind.TUTOR_AVAILABLE, currency, tutor), account(Kind.TUTOR_ON_THE_WAY, currency, tutor)
    there = min(lock_balances(available)[0], payout.amount)
    moves = [Posting("payout_taken_back", available, way, there, key)]
    if there < payout.amount:
        owes = account(Kind.TUTOR_OWES, currency, tutor)
        moves.append(Posting("payout_taken_back", owes, way, payout.amount - there, f"{key}:owed"))
    post(moves, at=clock.now(), payment_reference=payout.reference)
    settle_payout(payout.pk, fee=item.detail["theirs"]["fee"], transfer_code=payout.transfer_code)


def _fee_postings(item: ReviewItem) -> list[Posting]:
    ours, theirs = item.detail["ours"], item.detail["theirs"]
    fees, held = account(Kind.PAYSTACK_FEES, ours["currency"]), account(Kind.PAYSTACK_CLEARING, ours["currency"])
    more, before = theirs["fee"] - ours["fee"], "payout_" if "payout_id" in item.detail else ""
    key = f"{before}fee:{item.reference}:{ours['fee']}:{theirs['fee']}:{item.pk}"
    if more > 0:
        return [Posting(f"{before}fee", fees, held, more, key)]
    return [Posting(f"{before}fee_returned", held, fees, -more, key)]


def _loss(item: ReviewItem) -> Posting:
    ours, theirs = item.detail["ours"], item.detail["theirs"]
    earned, held = account(Kind.PLATFORM_REVENUE, ours["currency"]), account(Kind.PAYSTACK_CLEARING, ours["currency"])
    lacking = ours["amount"] - (theirs.get("amount") or 0)
    return Posting("written_off", earned, held, lacking, f"finding:{item.pk}:written_off:{lacking}")


def _surplus(item: ReviewItem) -> int:
    return int(item.detail["theirs"]["amount"] - item.detail["ours"]["amount"])


def _send(payment: Payment, amount: int, kind: str) -> None:
    held, due = account(Kind.PAYSTACK_CLEARING, payment.currency), account(Kind.REFUNDS_DUE, payment.currency)
    # Its cause is one that may come more than once, and ends no booking.
    refund = queue_refund(payment, amount, cause=Refund.Cause.GOODWILL)
    moves = [Posting(kind, held, due, amount, f"refund:{refund.pk}:{kind}")]
    post(moves, at=clock.now(), booking_id=payment.booking_id, payment_reference=payment.reference)


def _waiting(payment: Payment, amount: int) -> Refund | None:
    """A refund of ours that was to send just this, and that Paystack never made."""
    return payment.refunds.filter(status__in=UNSENT, amount=amount).order_by("created_at").first()


def _locked_waiting(payment: Payment, amount: int) -> Refund | None:
    """As `_waiting`, and no job sends it before this transaction ends."""
    found = _waiting(payment, amount)
    rows = Refund.objects.select_for_update(of=("self",)).filter(status__in=UNSENT)
    return rows.filter(pk=found.pk).first() if found else None


def _end_unpaid(booking: Booking, operator: Person) -> None:
    """A session that nobody pays for any more does not take place; one that is over is not left unmarked."""
    booking.refresh_from_db()
    if left_of(booking) or booking.status not in LIVE:
        return
    now, why = clock.now(), "REFUNDED_AT_PAYSTACK"
    if booking.ends_at <= now:
        complete_over(booking, actor_id=operator.pk, why=why)
    elif booking.move_to(
        Status.CANCELLED,
        actor_id=operator.pk,
        why=why,
        cancel_reason=CancelReason.BY_OPERATOR,
        cancelled_at=now,
        release_at=now,
    ):
        release_time(booking.pk)
        close_meeting(booking)
        tell_both(booking, "cancelled")


def _bearers(plan: Plan) -> list[tuple[str, int]]:
    if not plan.late:
        return [(str(Kind.TUTOR_PENDING.label), plan.tutor), (str(Kind.PLATFORM_PENDING.label), plan.platform)]
    return [
        (str(Kind.TUTOR_AVAILABLE.label), plan.from_wallet),
        (str(Kind.TUTOR_OWES.label), plan.owed),
        (str(Kind.PLATFORM_REVENUE.label), plan.platform),
    ]


def _moving(item: ReviewItem) -> bool:
    """Whether Paystack may still pay it."""
    return item.detail["theirs"]["status"] in ("pending", "otp", "received", "processing", "queued", "success")


def _payment(item: ReviewItem) -> Payment:
    """Raises Conflict where the finding is about none."""
    return _payment_if_any(item) or _raise()


def _payout(item: ReviewItem) -> Payout:
    """Raises Conflict where the finding is about none."""
    return _payout_if_any(item) or _raise()


def _payment_if_any(item: ReviewItem) -> Payment | None:
    return Payment.objects.select_related("booking").filter(pk=item.detail.get("payment_id")).first()


def _payout_if_any(item: ReviewItem) -> Payout | None:
    return Payout.objects.select_related("tutor").filter(pk=item.detail.get("payout_id")).first()


def _raise() -> NoReturn:
    raise moved_on()


def _line(posting: Posting) -> Line:
    debit, credit = Kind(posting.debit.kind), Kind(posting.credit.kind)
    return Line(str(debit.label), str(credit.label), posting.amount, posting.debit.currency)
