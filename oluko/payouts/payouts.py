"""Paying out: asked for, reserved, sent, settled or returned. The calls to Paystack are in `sending`.

The money leaves *available* before Paystack is asked, so that it cannot be had twice; it leaves the books only when
Paystack says that it arrived, and comes back to the wallet when it says that it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock, money
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oluko.core.steps import Step, reached
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account
from oluko.ledger.transfers import NotEnough, Posting, account, post
from oluko.ledger.wallets import wallet_of
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.notifications import notify
from oluko.payments.giving_back import recover_owed
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.tasks import send_payout_job

SMALLEST = 100_00
# By itself nothing goes out that its fee would eat up.
SMALLEST_WEEKLY = 1_000_00
WEEK = timedelta(days=7)
LONGEST_NOTE = 300
BATCH = 200
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
    "payout_held": (
        gettext_lazy("Payout of %(amount)s"),
        gettext_lazy("It goes to %(bank)s once that account has been in place for 24 hours."),
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
know({kind: Telling(Group.MONEY, title, body) for kind, (title, body) in TEXTS.items()})


@repeat_on_deadlock
@transaction.atomic(durable=True)
def request_payout(tutor: Person, amount: int, *, key: str = "", weekly: bool = False) -> Payout:
    """Pay out `amount` (minor units) of what is available; asked again with the same `key`, the same payout.

    Raises NotAllowed for people who do not teach, Invalid for an amount that is too small, Conflict
    (`no_bank_account`, `not_enough`; `asked_already` with this key for another amount).
    """
    if not tutor.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors are paid out."))
    if amount < SMALLEST:
        least = {"least": money.show(SMALLEST)}
        raise Invalid("bad_amount", _("The smallest payout is %(least)s.") % least, field="amount")
    # Two tabs wait here for each other; and for a change of the bank account.
    Person.objects.select_for_update(of=("self",), no_key=True).get(pk=tutor.pk)
    # The key is the tutor's own: the same one of somebody else's is another payout.
    reference = f"olkp-{(uuid5(tutor.pk, key) if key else uuid4()).hex}"
    if found := Payout.objects.filter(tutor=tutor, reference=reference).first():
        if found.amount != amount:
            raise Conflict("asked_already", _("This was asked for already, with another amount."))
        return found
    bank = BankAccount.objects.filter(person=tutor).first()
    if bank is None:
        raise Conflict("no_bank_account", _("Save the bank account that you want to be paid to first."))
    payout = _create(tutor, amount, reference, bank, weekly)
    _reserve(payout)
    why = "weekly" if weekly else ""
    record_change("payout", reference, "", payout.status, actor_id=tutor.pk, why=why, at=clock.now())
    if payout.status == Status.IN_REVIEW:
        tell(payout, "payout_in_review")
    else:
        tell(payout, "payout_held" if payout.send_after else "payout_requested")
        send_payout_job.enqueue(str(payout.pk))
    reached(Step.PAYOUT_WRITTEN)
    return payout


def return_unsent(tutor: Person, *, why: str) -> None:
    """Everything of a tutor's that was not sent yet goes back to the wallet. Call inside a transaction."""
    for payout in Payout.objects.filter(tutor=tutor, status__in=_UNSENT, attempts=0):
        return_money(payout, why=why, only_from=_UNSENT, attempts=0)


def get_payout(payout_id: UUID, *, tutor: Person | None = None) -> Payout:
    """A payout: for an operator any, for a tutor one of theirs. Raises NotFound."""
    rows = Payout.objects.select_related("tutor").filter(pk=payout_id)
    payout = (rows if tutor is None else rows.filter(tutor=tutor)).first()
    if payout is None:
        raise NotFound("no_such_payout", _("There is no such payout."))
    return payout


def locked_payout(payout_id: UUID) -> Payout:
    """The payout as it is now; nobody else changes it before this transaction ends."""
    return Payout.objects.select_for_update(of=("self",)).select_related("tutor").get(pk=payout_id)


def settle(payout_id: UUID, *, fee: int | None, transfer_code: str) -> bool:
    """It has arrived: book it out, with Paystack's fee (minor units) where it is known. Call inside a transaction.

    False if that was done.
    """
    payout = locked_payout(payout_id)
    arrived = {"fee": fee or 0, "transfer_code": transfer_code, "settled_at": clock.now(), "outcome": "success"}
    if not change_state(payout, Payout.OPEN, Status.PAID, arrived):
        return False
    held, currency = account(Kind.PAYSTACK_CLEARING, payout.currency), payout.currency
    way, fees = account(Kind.TUTOR_ON_THE_WAY, currency, payout.tutor_id), account(Kind.PAYSTACK_FEES, currency)
    _post(
        payout,
        Posting("payout_settled", way, held, payout.amount, f"payout:{payout.pk}:settled"),
        Posting("payout_fee", fees, held, fee or 0, f"payout:{payout.pk}:fee"),
    )
    tell(payout, "payout_paid")
    reached(Step.PAYOUT_SETTLED)
    return True


def return_money(
    payout: Payout,
    *,
    why: str,
    only_from: tuple[Payout.Status, ...],
    attempts: int | None = None,
    actor_id: UUID | None = None,
    changes: Mapping[str, object] | None = None,
    fee: int = 0,
) -> bool:
    """Back to the wallet: from the way, or, once it had arrived and was reversed, from Paystack's hands.

    `fee` is what Paystack keeps of it all the same (minor units), as when it had arrived before we heard of it. False
    if its state is another by now, or, with `attempts`, if it was sent once more. Call inside a transaction.
    """
    was_paid = payout.status == Status.PAID
    unbooked_fee = 0 if payout.fee else fee
    facts = {"outcome": why[:LONGEST_NOTE], "settled_at": clock.now(), **(changes or {})}
    if unbooked_fee:
        facts["fee"] = unbooked_fee
    if not change_state(payout, only_from, Status.RETURNED, facts, actor_id=actor_id, why=why, attempts=attempts):
        return False
    available = account(Kind.TUTOR_AVAILABLE, payout.currency, payout.tutor_id)
    held = account(Kind.PAYSTACK_CLEARING, payout.currency)
    if was_paid:
        _post(payout, Posting("payout_reversed", held, available, payout.amount, f"payout:{payout.pk}:reversed"))
    else:
        way = account(Kind.TUTOR_ON_THE_WAY, payout.currency, payout.tutor_id)
        _post(payout, Posting("payout_returned", way, available, payout.amount, f"payout:{payout.pk}:returned"))
    if unbooked_fee:
        fees = account(Kind.PAYSTACK_FEES, payout.currency)
        _post(payout, Posting("payout_fee", fees, held, unbooked_fee, f"payout:{payout.pk}:fee"))
    recover_owed(payout.tutor_id, payout.currency, key=f"payout:{payout.pk}")
    tell(payout, "payout_returned", why=why)
    return True


def pay_out_weekly() -> int:
    """Ask for the weekly payouts that are due: all that is available, a week after the last; how many."""
    last_week, asked = clock.now() - WEEK, 0
    lately = Payout.objects.filter(weekly=True, requested_at__gt=last_week).values("tutor")
    # Whoever has nothing to be paid must not stand in the way of those who have.
    rich = Account.objects.filter(
        kind=Kind.TUTOR_AVAILABLE, currency=settings.OLUKO_CURRENCY, balance__gte=SMALLEST_WEEKLY
    ).values("person_id")
    due = BankAccount.objects.filter(weekly=True, changed_at__lte=last_week, person__is_active=True)
    for bank in due.filter(person__in=rich).exclude(person__in=lately).select_related("person")[:BATCH]:
        try:
            request_payout(bank.person, wallet_of(bank.person).available, weekly=True)
            asked += 1
        except (Conflict, Invalid, NotAllowed):
            # Spent meanwhile, or no tutor any more: the next round finds what is left.
            continue
    return asked


def weekly_from(bank: BankAccount) -> datetime:
    """When the next weekly payout goes out at the earliest, if it is switched on; business time."""
    last = Payout.objects.filter(tutor_id=bank.person_id, weekly=True).order_by("-requested_at").first()
    return max(clock.now(), bank.changed_at + WEEK, last.requested_at + WEEK if last else bank.changed_at)


def payouts_of(tutor: Person, *, limit: int) -> list[Payout]:
    """The newest first."""
    return list(Payout.objects.filter(tutor=tutor).order_by("-requested_at", "-pk")[:limit])


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


def change_state(
    payout: Payout,
    before: tuple[Payout.Status, ...],
    after: Payout.Status,
    changes: Mapping[str, object],
    *,
    actor_id: UUID | None = None,
    why: str = "",
    attempts: int | None = None,
) -> bool:
    """One conditional update and its audit row; the first of two racers wins. Call inside a transaction.

    With `attempts` it also fails when the payout was sent once more since that was read.
    """
    old = Status(payout.status)
    if old not in before:
        return False
    rows = Payout.objects.filter(pk=payout.pk, status=old)
    if attempts is not None:
        rows = rows.filter(attempts=attempts)
    if not rows.update(status=after, **changes):
        return False
    payout.status = after
    for name, value in changes.items():
        setattr(payout, name, value)
    record_change("payout", payout.reference, old, after, actor_id=actor_id, why=why[:200], at=clock.now())
    return True
