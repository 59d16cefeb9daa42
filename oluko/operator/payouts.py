"""An operator's word on payouts that wait for one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from oluko.core import clock, money, times
from oluko.ledger.wallets import wallet_of
from oluko.operator.forms import PerhapsWhy, WhyTutorTold
from oluko.operator.views import Facts, ask, operator_only
from oluko.payouts.bank_accounts import bank_account_of
from oluko.payouts.decisions import approve_payout, reject_payout
from oluko.payouts.models import Payout
from oluko.payouts.payouts import get_payout


@operator_only
def approve(request: HttpRequest, payout_id: UUID) -> HttpResponse:
    payout = get_payout(payout_id)
    return ask(
        request,
        about=payout,
        title=_("Approve payout"),
        question=_("It is sent to the bank at once; money that has arrived there cannot be called back."),
        done=_("The payout is approved and goes out."),
        form=PerhapsWhy,
        facts=_facts(payout),
        perform=lambda operator, given: approve_payout(operator, payout_id, note=given["note"]),
    )


@operator_only
def reject(request: HttpRequest, payout_id: UUID) -> HttpResponse:
    payout = get_payout(payout_id)
    question = _("The money goes back to the tutor's wallet, and the tutor is told why.")
    if payout.attempts:
        question += " " + _("Paystack is asked first, because the payout was sent once: what it has is not given back.")
    return ask(
        request,
        about=payout,
        title=_("Reject payout"),
        question=question,
        done=_("The money is back in the tutor's wallet."),
        form=WhyTutorTold,
        facts=_facts(payout),
        danger=True,
        perform=lambda operator, given: reject_payout(operator, payout_id, note=given["note"]),
    )


def _facts(payout: Payout) -> Facts:
    tutor, wallet = payout.tutor, wallet_of(payout.tutor)
    bank = bank_account_of(tutor)
    arrived = Payout.objects.filter(tutor=tutor, status=Payout.Status.PAID).count()
    facts = [
        (_("Tutor"), str(tutor)),
        (_("Amount"), money.show(payout.amount, payout.currency)),
        (_("Bank"), f"{payout.bank_name} …{payout.account_number[-4:]}"),
        (_("Holder"), payout.account_name),
    ]
    if payout.send_after and payout.send_after > clock.now():
        facts.append((_("Held until"), times.show(payout.send_after)))
    if bank is None or bank.recipient_code != payout.recipient_code:
        facts.append((_("Account since"), _("changed after this was asked for: nothing is sent to it")))
    else:
        facts.append((_("Account since"), _since(bank.changed_at)))
    facts += [
        (_("Tutor since"), _since(tutor.created_at)),
        (_("Payouts that arrived"), ngettext("%(count)s payout", "%(count)s payouts", arrived) % {"count": arrived}),
        (_("Left in the wallet"), money.show(wallet.available, wallet.currency)),
        (_("Pending"), money.show(wallet.pending, wallet.currency)),
        (_("Owed to us"), money.show(wallet.owes, wallet.currency)),
    ]
    if payout.attempts:
        facts.append((_("Paystack said"), payout.outcome or _("nothing")))
    return facts


def _since(instant: datetime) -> str:
    """The day, and how long ago that is in business time."""
    return f"{times.show(instant, 'date')} ({timesince(instant, clock.now())})"
