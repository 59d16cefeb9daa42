"""The bank account a tutor is paid to: resolved at Paystack, never taken on trust.

A change is told by mail and holds payouts for a day; what was waiting for the old account goes back to the wallet.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Invalid, NotAllowed, Unavailable
from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.core.steps import Step, reached
from oluko.ledger.audit import record_change
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.notifications import notify
from oluko.payments.paystack import AccountUnknown, Bank, Recipient, Refused, paystack
from oluko.payouts.models import BankAccount
from oluko.payouts.payouts import return_unsent

HOLD = timedelta(hours=24)
# Paystack's list changes a few times a year; a process asks for it again after so many seconds.
LIST_KEPT = 6 * 3600
CHANGED = Telling(
    Group.IMPORTANT,
    gettext_lazy("Your payouts now go to %(account)s"),
    gettext_lazy("%(held)s If it was not you, change your password now and write to us."),
)
know({"bank_account": CHANGED})
_NUMBER = re.compile(r"[0-9]{10}", re.ASCII)


@dataclass(frozen=True)
class FoundAccount:
    """An account that exists, and whose it is."""

    bank: Bank
    number: str
    holder: str


def banks() -> list[Bank]:
    """Every bank that payouts reach. Raises Unavailable when Paystack gives no list."""
    try:
        return _banks(int(time.monotonic()) // LIST_KEPT)
    except GatewayError as problem:
        raise _unavailable(problem) from problem


def bank_account_of(person: Person) -> BankAccount | None:
    """The account that the person is paid to, if there is one."""
    return BankAccount.objects.filter(person=person).first()


def save_bank_account(tutor: Person, *, bank_code: str, account_number: str) -> BankAccount:
    """Take another account, as Paystack resolves it; the same one again changes nothing.

    Raises NotAllowed for people who do not teach, Invalid (`bankCode`, `accountNumber`) for what is no account,
    Unavailable when Paystack does not answer.
    """
    bank, number = _named(tutor, bank_code, account_number)
    recipient = _recipient(bank, number)
    reached(Step.ACCOUNT_RESOLVED)
    return _keep(tutor, bank, recipient)


def whose_account(tutor: Person, *, bank_code: str, account_number: str) -> FoundAccount:
    """The account as Paystack resolves it, to be looked at before it is saved. Raises as `save_bank_account`."""
    bank, number = _named(tutor, bank_code, account_number)
    resolved = _asked(bank, lambda: paystack().resolve_account(account_number=number, bank_code=bank.code))
    return FoundAccount(bank, number, resolved.account_name)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def set_weekly(tutor: Person, *, weekly: bool) -> None:
    """Whether all that is available is paid out every week. Raises Invalid without an account."""
    rows = BankAccount.objects.filter(person=tutor)
    if not rows.exists():
        raise Invalid("no_bank_account", _("Save a bank account first."), field="weekly")
    if rows.exclude(weekly=weekly).update(weekly=weekly):
        before, after = ("by hand", "weekly") if weekly else ("weekly", "by hand")
        record_change("bank_account", str(tutor.pk), before, after, actor_id=tutor.pk, why="", at=clock.now())


def _named(tutor: Person, bank_code: str, account_number: str) -> tuple[Bank, str]:
    """The bank, and the number without its blanks."""
    if not tutor.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors are paid out."))
    number = account_number.replace(" ", "")
    if not _NUMBER.fullmatch(number):
        raise Invalid("bad_account", _("An account number has ten digits."), field="accountNumber")
    bank = next((bank for bank in banks() if bank.code == bank_code), None)
    if bank is None:
        raise Invalid("unknown_bank", _("Choose a bank of the list."), field="bankCode")
    return bank, number


def _recipient(bank: Bank, number: str) -> Recipient:
    """Paystack's name for the account, which bears its holder's."""
    resolved = _asked(bank, lambda: paystack().resolve_account(account_number=number, bank_code=bank.code))
    try:
        return paystack().create_recipient(
            name=resolved.account_name,
            account_number=number,
            bank_code=bank.code,
            currency=settings.OLUKO_CURRENCY,
        )
    except Refused:
        message = _("Paystack cannot pay to this account. Choose another one.")
        raise Invalid("account_refused", message, field="accountNumber") from None
    except GatewayError as problem:
        raise _unavailable(problem) from problem


def _asked[T](bank: Bank, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except AccountUnknown:
        message = _("%(bank)s knows no account of this number.") % {"bank": bank.name}
        raise Invalid("unknown_account", message, field="accountNumber") from None
    except GatewayError as problem:
        raise _unavailable(problem) from problem


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _keep(tutor: Person, bank: Bank, recipient: Recipient) -> BankAccount:
    # The person's row serialises two tabs, and a payout that is being asked for.
    Person.objects.select_for_update(of=("self",), no_key=True).get(pk=tutor.pk)
    now, old = clock.now(), BankAccount.objects.filter(person=tutor).first()
    if old is not None and (old.bank_code, old.account_number) == (bank.code, recipient.account_number):
        return old
    account, _created = BankAccount.objects.update_or_create(
        person=tutor,
        defaults={
            "bank_code": bank.code,
            "bank_name": bank.name,
            "account_number": recipient.account_number,
            "account_name": recipient.account_name,
            "currency": recipient.currency,
            "recipient_code": recipient.code,
            "changed_at": now,
            "held_until": now + HOLD if old is not None else None,
        },
    )
    if old is not None:
        return_unsent(tutor, why=_("The bank account was changed."))
    record_change("bank_account", str(tutor.pk), str(old or ""), str(account), actor_id=tutor.pk, why="", at=now)
    _tell(tutor, account)
    return account


def _tell(tutor: Person, account: BankAccount) -> None:
    held = _("Nothing is paid out for 24 hours.") if account.held_until else ""
    notify(
        tutor,
        "bank_account",
        event=f"bank_account:{tutor.pk}:{int(account.changed_at.timestamp() * 1000)}",
        title=str(CHANGED.title) % {"account": account},
        body=(str(CHANGED.body) % {"held": held}).strip(),
        url=reverse("tutor_wallet"),
    )


@cache
def _banks(_period: int) -> list[Bank]:
    return sorted(paystack().banks(), key=lambda bank: bank.name.lower())


def _unavailable(problem: GatewayError) -> Unavailable:
    code = "provider_busy" if isinstance(problem, ProviderBusy) else "provider_unavailable"
    return Unavailable(code, _("Paystack is not answering just now; nothing was changed. Try again in a moment."))
