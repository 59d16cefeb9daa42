"""Sending payouts to Paystack and finding out what became of them.

SENDING is committed before the call, so that a crash is noticed. One reference stands for one payout for ever: what
was sent and not answered is looked up by it, and sent again under it only when Paystack has never heard of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.core.steps import Step, reached
from oluko.ledger.audit import record_change, trail
from oluko.payments.models import ReviewItem
from oluko.payments.paystack import DuplicateReference, NotEnoughBalance, Refused, SentTransfer, paystack
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import change_state, locked_payout, return_money, settle, tell

# A transfer that Paystack was asked for can be looked up by then, if it was taken at all.
SETTLES = timedelta(seconds=60)
ASK_AGAIN = timedelta(seconds=20)
LONGEST_WAIT = timedelta(hours=1)
BATCH = 50
Status = Payout.Status
#: Ends without success.
OVER = ("failed", "reversed", "abandoned", "blocked", "rejected")


def send_payout(payout_id: UUID) -> None:
    """Ask Paystack to send a queued payout whose time has come; run twice, it sends once."""
    payout = _claim(payout_id)
    if payout is None:
        return
    reached(Step.PAYOUT_CLAIMED)
    try:
        if _is_for_another_account(payout):
            _keep_from_old_account(payout)
            return
        sent = paystack().transfer(
            reference=payout.reference,
            amount=payout.amount,
            recipient=payout.recipient_code,
            reason=_("Tutoring, payout %(reference)s") % {"reference": payout.reference[5:13]},
            currency=payout.currency,
        )
    except ProviderBusy:
        _put_back(payout, Status.QUEUED, "")
    except NotEnoughBalance as problem:
        _put_back(payout, Status.NO_BALANCE, str(problem))
    except Refused as problem:
        _ask_operator(payout, str(problem))
    except DuplicateReference as problem:
        _keep_taken(payout, str(problem))
    except GatewayError as problem:
        # Unknown: `follow_payouts` looks it up.
        Payout.objects.filter(pk=payout_id, status=Status.SENDING).update(outcome=str(problem)[:300])
    else:
        reached(Step.PAYOUT_SENT)
        # A success without its fee is asked about first, or the fee would never be booked.
        record_transfer(payout.pk, sent if sent.fee is not None else replace(sent, status=_unless_over(sent)))


def record_transfer(payout_id: UUID, sent: SentTransfer) -> bool:
    """Take over what Paystack says about a payout's transfer; True if something was settled or returned."""
    payout = Payout.objects.get(pk=payout_id)
    same = (sent.amount, sent.currency) == (payout.amount, payout.currency)
    if not same and (sent.status not in OVER or payout.status not in Payout.OPEN):
        _ask_about_amount(payout, sent)
        return False
    if sent.status == "success":
        return _settle(payout_id, sent) or _ask_about_second_mind(payout_id)
    if sent.status in OVER:
        return _return(payout_id, sent)
    _keep_on_the_way(payout_id, sent)
    return False


def follow_payouts() -> None:
    """Send what is due, find out about what was sent without an answer, ask about what is under way."""
    now = timezone.now()
    rows = Payout.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    held = Q(send_after__gt=clock.now())
    for payout_id in _ids(rows.filter(status__in=(Status.QUEUED, Status.NO_BALANCE)).exclude(held)):
        send_payout(payout_id)
    for payout_id in _ids(rows.filter(status=Status.SENDING, sent_at__lte=now - ASK_AGAIN)):
        look_up(payout_id)
    for payout_id in _ids(rows.filter(status=Status.ON_THE_WAY)):
        look_up(payout_id)


def follow_payout_of(reference: str) -> None:
    """Paystack has just told us something about this transfer: ask what is true. Raises GatewayError.

    A transfer of ours that nobody asked for is money gone: it is put before the operator.
    """
    payout = Payout.objects.filter(reference=reference).first()
    if payout is not None:
        sent = paystack().transfer_by_reference(reference)
        if sent is not None:
            record_transfer(payout.pk, sent)
        return
    unknown = {"kind": ReviewItem.Kind.UNKNOWN_REFERENCE, "reference": reference[:120], "detail": {"transfer": True}}
    ReviewItem.objects.get_or_create(key=f"transfer:{reference}"[:120], defaults=unknown)


def look_up(payout_id: UUID) -> None:
    """Ask Paystack by our reference; what it has never heard of is sent again, under the same reference."""
    payout = Payout.objects.get(pk=payout_id)
    try:
        sent = paystack().transfer_by_reference(payout.reference)
    except GatewayError:
        _later(payout)
        return
    if sent is not None:
        record_transfer(payout_id, sent)
        _later(payout)
    elif not _would_be_known(payout):
        _later(payout)
    elif _put_back(payout, Status.QUEUED, ""):
        send_payout(payout_id)


def _claim(payout_id: UUID) -> Payout | None:
    """Make it SENDING before anything is sent, so that a crash is noticed; None if it is not to be sent now."""
    now = timezone.now()
    due = Payout.objects.filter(
        Q(send_after__isnull=True) | Q(send_after__lte=clock.now()),
        pk=payout_id,
        status__in=(Status.QUEUED, Status.NO_BALANCE),
        next_try_at__lte=now,
    )
    if not due.update(status=Status.SENDING, sent_at=now, attempts=F("attempts") + 1):
        return None
    return Payout.objects.select_related("tutor").get(pk=payout_id)


def _would_be_known(payout: Payout) -> bool:
    """Whether it was sent so long ago that Paystack would have it by now."""
    sent_at = payout.sent_at
    return payout.status == Status.SENDING and sent_at is not None and sent_at <= timezone.now() - SETTLES


def _is_for_another_account(payout: Payout) -> bool:
    """Whether the tutor has changed the bank account since the payout was asked for."""
    mine = BankAccount.objects.filter(person_id=payout.tutor_id, recipient_code=payout.recipient_code)
    return not mine.exists()


def _keep_from_old_account(payout: Payout) -> None:
    """Nothing more goes to the old account: back to the wallet, unless Paystack has it already. Raises GatewayError."""
    sent = paystack().transfer_by_reference(payout.reference)
    if sent is not None:
        record_transfer(payout.pk, sent)
    else:
        _return_unknown(payout, _("The bank account was changed."))


def _unless_over(sent: SentTransfer) -> str:
    return "pending" if sent.status == "success" else sent.status


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _return_unknown(payout: Payout, why: str) -> bool:
    return return_money(locked_payout(payout.pk), why=why, only_from=(Status.SENDING,), attempts=payout.attempts)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _settle(payout_id: UUID, sent: SentTransfer) -> bool:
    return settle(payout_id, fee=sent.fee, transfer_code=sent.code)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _return(payout_id: UUID, sent: SentTransfer) -> bool:
    # Reversed even after it had arrived: banks do that, and Paystack keeps its fee, though we may never have heard of
    # the arrival. Any other end with a fee is for the reconciliation to ask about.
    came_back = sent.status == "reversed"
    before, fee = ((*Payout.OPEN, Status.PAID), sent.fee or 0) if came_back else (Payout.OPEN, 0)
    why = _("The bank did not take it: %(status)s.") % {"status": sent.answer or sent.status}
    payout, code = locked_payout(payout_id), {"transfer_code": sent.code}
    return return_money(payout, why=why, only_from=before, changes=code, fee=fee)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _keep_on_the_way(payout_id: UUID, sent: SentTransfer) -> None:
    """Paystack has it, and there is no outcome yet: ask again."""
    payout = locked_payout(payout_id)
    facts = {"transfer_code": sent.code, "outcome": sent.status, "next_try_at": timezone.now() + ASK_AGAIN}
    if payout.status == Status.ON_THE_WAY:
        Payout.objects.filter(pk=payout_id).update(**facts)
    else:
        change_state(payout, Payout.OPEN, Status.ON_THE_WAY, facts, why=sent.status)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _put_back(payout: Payout, status: Payout.Status, outcome: str) -> bool:
    """Nothing was sent: it waits for another try, ever longer while there is no money at Paystack."""
    wait = min(ASK_AGAIN * 2 ** min(payout.attempts, 12), LONGEST_WAIT) if status == Status.NO_BALANCE else timedelta()
    # Another worker may have sent it again meanwhile; that try is none of ours.
    rows = Payout.objects.filter(pk=payout.pk, status=Status.SENDING, attempts=payout.attempts)
    if not rows.update(status=status, outcome=outcome[:300], next_try_at=timezone.now() + wait):
        return False
    # However often it is tried, it is told once.
    if status == Status.NO_BALANCE and trail("payout", payout.reference)[-1].to_state != status:
        record_change("payout", payout.reference, Status.SENDING, status, actor_id=None, why=outcome, at=clock.now())
        tell(payout, "payout_waits")
    return True


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _ask_operator(seen: Payout, why: str) -> None:
    """A person decides whether to send it again or to give it back."""
    payout = locked_payout(seen.pk)
    before = (Status.SENDING, Status.ON_THE_WAY)
    change_state(payout, before, Status.IN_REVIEW, {"outcome": why[:300]}, why=why, attempts=seen.attempts)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _keep_taken(seen: Payout, said: str) -> None:
    """Paystack says that it has this reference: an earlier call sent it, though asking may not find it yet."""
    payout, facts = locked_payout(seen.pk), {"outcome": said[:300], "next_try_at": timezone.now()}
    change_state(payout, (Status.SENDING,), Status.ON_THE_WAY, facts, why=said, attempts=seen.attempts)


def _ask_about_amount(payout: Payout, sent: SentTransfer) -> None:
    """Paystack moved another amount under our reference: nothing is settled before a person has looked."""
    facts = {"transfer": True, "amount": sent.amount, "currency": sent.currency, "expected": payout.amount}
    ReviewItem.objects.get_or_create(
        key=f"payout:{payout.pk}:amount",
        defaults={"kind": ReviewItem.Kind.AMOUNT, "reference": payout.reference, "detail": facts},
    )
    _ask_operator(payout, f"Paystack has {sent.amount} {sent.currency} under this reference.")


def _ask_about_second_mind(payout_id: UUID) -> bool:
    """Success after the money was given back: either old news, or Paystack has paid after all. Raises GatewayError."""
    payout = Payout.objects.get(pk=payout_id)
    if payout.status == Status.RETURNED:
        sent = paystack().transfer_by_reference(payout.reference)
        if sent is not None and sent.status == "success":
            facts = {"transfer": True, "amount": sent.amount, "payout": str(payout.pk), "problem": "paid after return"}
            ReviewItem.objects.get_or_create(
                key=f"payout:{payout.pk}:paid-after-return",
                defaults={"kind": ReviewItem.Kind.OTHER, "reference": payout.reference, "detail": facts},
            )
    return False


def _later(payout: Payout) -> None:
    """Ask again after a third of the time that it has been under way, between 20 seconds and an hour."""
    since = timezone.now() - (payout.sent_at or timezone.now())
    wait = min(max(since / 3, ASK_AGAIN), LONGEST_WAIT)
    Payout.objects.filter(pk=payout.pk, status__in=(Status.SENDING, Status.ON_THE_WAY)).update(
        next_try_at=timezone.now() + wait
    )


def _ids(rows: QuerySet[Payout]) -> list[UUID]:
    return list(rows.values_list("pk", flat=True)[:BATCH])
