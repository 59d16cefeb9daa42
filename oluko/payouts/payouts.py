"""Paying out: asked for, reserved, sent, settled or returned. The calls to Paystack are in `sending`.

The money leaves *available* before Paystack is asked, so that it cannot be had twice; it leaves the books only when
Paystack says that it arrived, and comes back to the wallet when it says that it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock, money
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account
from oluko.ledger.transfers import NotEnough, Posting, account, post
from oluko.ledger.wallets import wallet_of
from oluko.notifications.notifications import notify
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.tasks import send_payout_job

SMALLEST = 10_000
WEEK = timedelta(days=7)
LONGEST_NOTE = 300
Kind, Status = Account.Kind, Payout.Status
# What can still be called off: nothing was ever sent.
_UNSENT = (Status.IN_REVIEW, Status.QUEUED)

TEXTS = {
    "payout_requested": (
        gettext_lazy("Payout of %(amount)s"),
        gettext_lazy("It is on its way to %(bank)s. We write again when it has arrived."),
    ),
    "payout_in_review": (
        gettext_lazy("Payout of %(amount)s"),
        gettext_lazy("A person looks at payouts of this size first; then it goes to %(bank)s."),
    ),
    "payout_paid": (gettext_lazy("%(amount)s paid out"), gettext_lazy("Paid to %(bank)s.")),
    "payout_returned": (
        gettext_lazy("Payout of %(amount)s returned"),
        gettext_lazy("The money is in your wallet again. %(why)s"),
    ),
    "payout_waits": (
        gettext_lazy("Payout of %(amount)s is delayed"),
        gettext_lazy("Our balance at Paystack has to fill up first. It goes out by itself; nothing is lost."),
    ),
}


@repeat_on_deadlock
@transaction.atomic(durable=True)
def request_payout(tutor: Person, amount: int, *, key: UUID | None = None, weekly: bool = False) -> Payout:
    """Pay out `amount` (minor units) of what is available; asked again with the same `key`, the same payout.

    Raises NotAllowed for people who do not teach, Invalid for an amount that is too small, Conflict
    (`no_bank_account`, `not_enough`).
    """
    if not tutor.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors are paid out."))
    if amount < SMALLEST:
        least = {"least": money.show(SMALLEST)}
        raise Invalid("bad_amount", _("The smallest payout is %(least)s.") % least, field="amount")
    # Two tabs wait here for each other; and for a change of the bank account.
    Person.objects.select_for_update(of=("self",), no_key=True).get(pk=tutor.pk)
    reference = f"olkp-{(key or uuid4()).hex}"
    if found := Payout.objects.filter(tutor=tutor, reference=reference).first():
        return found
    bank = BankAccount.objects.filter(person=tutor).first()
    if bank is None:
        raise Conflict("no_bank_account", _("Save the bank account that you want to be paid to first."))
    payout = _create(tutor, amount, reference, bank, weekly)
    _reserve(payout)
    why = "weekly" if weekly else ""
    record_change("payout", reference, "", payout.status, actor_id=tutor.pk, why=why, at=clock.now())
    tell(payout, "payout_in_review" if payout.status == Status.IN_REVIEW else "payout_requested")
    if payout.status == Status.QUEUED:
        send_payout_job.enqueue(str(payout.pk))
    return payout


@repeat_on_deadlock
@transaction.atomic(durable=True)
def call_off(tutor: Person, payout_id: UUID) -> Payout:
    """The tutor takes back a payout that was not sent yet. Raises NotFound, Conflict when it was."""
    payout = Payout.objects.filter(pk=payout_id, tutor=tutor).first()
    if payout is None:
        raise NotFound("no_such_payout", _("There is no such payout."))
    if not return_money(payout, why=_("You called it off."), only_from=_UNSENT, unsent=True, actor_id=tutor.pk):
        raise _moved_on()
    return payout


def return_unsent(tutor: Person, *, why: str) -> None:
    """Everything of a tutor's that was not sent yet goes back to the wallet. Call inside a transaction."""
    for payout in Payout.objects.filter(tutor=tutor, status__in=_UNSENT, attempts=0):
        return_money(payout, why=why, only_from=_UNSENT, unsent=True)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def approve_payout(operator: Person, payout_id: UUID, *, note: str = "") -> Payout:
    """The operator lets a payout go out. Raises NotFound, Conflict when it does not wait for that."""
    payout = get_payout(payout_id)
    decided = {"decided_by_id": operator.pk, "decided_note": _checked(note), "next_try_at": timezone.now()}
    if not _move(payout, (Status.IN_REVIEW,), Status.QUEUED, decided, actor_id=operator.pk, why=note):
        raise _moved_on()
    send_payout_job.enqueue(str(payout.pk))
    return payout


@repeat_on_deadlock
@transaction.atomic(durable=True)
def reject_payout(operator: Person, payout_id: UUID, *, note: str) -> Payout:
    """The operator gives the money back to the wallet, with a reason that the tutor reads.

    Raises NotFound, Invalid without a reason, Conflict when it does not wait for a decision.
    """
    if not note.strip():
        raise Invalid("note_needed", _("Say why, in a few words."), field="note")
    payout = get_payout(payout_id)
    decided = {"decided_by_id": operator.pk, "decided_note": _checked(note)}
    if not return_money(payout, why=note, only_from=(Status.IN_REVIEW,), actor_id=operator.pk, changes=decided):
        raise _moved_on()
    return payout


def get_payout(payout_id: UUID) -> Payout:
    """Any payout, for an operator. Raises NotFound."""
    payout = Payout.objects.select_related("tutor").filter(pk=payout_id).first()
    if payout is None:
        raise NotFound("no_such_payout", _("There is no such payout."))
    return payout


def settle(payout_id: UUID, *, fee: int | None, transfer_code: str) -> bool:
    """It has arrived: book it out, with Paystack's fee (minor units) where it is known. Call inside a transaction.

    False if that was done.
    """
    payout = Payout.objects.select_related("tutor").get(pk=payout_id)
    arrived = {"fee": fee or 0, "transfer_code": transfer_code, "settled_at": clock.now(), "outcome": "success"}
    if not _move(payout, Payout.OPEN, Status.PAID, arrived):
        return False
    held, currency = account(Kind.PAYSTACK_CLEARING, payout.currency), payout.currency
    way, fees = account(Kind.TUTOR_ON_THE_WAY, currency, payout.tutor_id), account(Kind.PAYSTACK_FEES, currency)
    _post(
        payout,
        Posting("payout_settled", way, held, payout.amount, f"payout:{payout.pk}:settled"),
        Posting("payout_fee", fees, held, fee or 0, f"payout:{payout.pk}:fee"),
    )
    tell(payout, "payout_paid")
    return True


def return_money(
    payout: Payout,
    *,
    why: str,
    only_from: tuple[Payout.Status, ...],
    unsent: bool = False,
    actor_id: UUID | None = None,
    changes: Mapping[str, object] | None = None,
) -> bool:
    """Back to the wallet: from the way, or, once it had arrived and was reversed, from Paystack's hands.

    False if its state is another by now. Call inside a transaction.
    """
    was_paid = payout.status == Status.PAID
    facts = {"outcome": why[:LONGEST_NOTE], "settled_at": clock.now(), **(changes or {})}
    if not _move(payout, only_from, Status.RETURNED, facts, actor_id=actor_id, why=why, unsent=unsent):
        return False
    available = account(Kind.TUTOR_AVAILABLE, payout.currency, payout.tutor_id)
    if was_paid:
        held = account(Kind.PAYSTACK_CLEARING, payout.currency)
        _post(payout, Posting("payout_reversed", held, available, payout.amount, f"payout:{payout.pk}:reversed"))
    else:
        way = account(Kind.TUTOR_ON_THE_WAY, payout.currency, payout.tutor_id)
        _post(payout, Posting("payout_returned", way, available, payout.amount, f"payout:{payout.pk}:returned"))
    tell(payout, "payout_returned", why=why)
    return True


def pay_out_weekly() -> int:
    """Ask for the weekly payouts that are due: all that is available, a week after the last; how many."""
    last_week = clock.now() - WEEK
    lately = Payout.objects.filter(weekly=True, requested_at__gt=last_week).values("tutor")
    due = BankAccount.objects.filter(weekly=True, changed_at__lte=last_week, person__is_active=True)
    asked = 0
    for bank in due.exclude(person__in=lately).select_related("person")[:200]:
        available = wallet_of(bank.person).available
        if available >= SMALLEST:
            try:
                request_payout(bank.person, available, weekly=True)
                asked += 1
            except (Conflict, NotAllowed):
                continue
    return asked


def tell(payout: Payout, event: str, *, why: str = "") -> None:
    """Notify the tutor of a payout's step, once. Call inside a transaction."""
    title, body = TEXTS[event]
    facts = {
        "amount": money.show(payout.amount, payout.currency),
        "bank": f"{payout.bank_name} …{payout.account_number[-4:]}",
        "why": why,
    }
    notify(
        payout.tutor,
        event,
        event=f"{event}:{payout.pk}",
        title=str(title) % facts,
        body=(str(body) % facts).strip(),
        url=reverse("tutor_wallet"),
    )


def _create(tutor: Person, amount: int, reference: str, bank: BankAccount, weekly: bool) -> Payout:
    now = clock.now()
    held = bank.held_until if bank.held_until and bank.held_until > now else None
    return Payout.objects.create(
        tutor=tutor,
        amount=amount,
        currency=settings.OLUKO_CURRENCY,
        reference=reference,
        status=Status.IN_REVIEW if amount > settings.OLUKO_PAYOUT_REVIEW_ABOVE else Status.QUEUED,
        weekly=weekly,
        bank_name=bank.bank_name,
        account_number=bank.account_number,
        account_name=bank.account_name,
        recipient_code=bank.recipient_code,
        requested_at=now,
        send_after=held,
    )


def _reserve(payout: Payout) -> None:
    available = account(Kind.TUTOR_AVAILABLE, payout.currency, payout.tutor_id)
    way = account(Kind.TUTOR_ON_THE_WAY, payout.currency, payout.tutor_id)
    try:
        _post(payout, Posting("payout_reserved", available, way, payout.amount, f"payout:{payout.pk}:reserved"))
    except NotEnough:
        raise NotEnough("not_enough", _("That is more than is available in your wallet.")) from None


def _post(payout: Payout, *postings: Posting) -> None:
    post(list(postings), at=clock.now(), payment_reference=payout.reference)


def _move(
    payout: Payout,
    before: tuple[Payout.Status, ...],
    after: Payout.Status,
    changes: Mapping[str, object],
    *,
    actor_id: UUID | None = None,
    why: str = "",
    unsent: bool = False,
) -> bool:
    """One conditional update and its audit row; the first of two racers wins. Call inside a transaction."""
    old = Status(payout.status)
    if old not in before:
        return False
    rows = Payout.objects.filter(pk=payout.pk, status=old)
    if unsent:
        rows = rows.filter(attempts=0)
    if not rows.update(status=after, **changes):
        return False
    payout.status = after
    for name, value in changes.items():
        setattr(payout, name, value)
    record_change("payout", payout.reference, old, after, actor_id=actor_id, why=why[:200], at=clock.now())
    return True


def _checked(note: str) -> str:
    if len(note) > LONGEST_NOTE:
        raise Invalid("too_long", _("At most 300 characters."), field="note")
    return note.strip()


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("This payout has moved on; reload to see it."))
