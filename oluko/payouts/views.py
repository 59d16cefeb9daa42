"""A tutor's pages about being paid out: ask for it, follow it, take it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.core import money
from oluko.core.errors import DomainError, NotAllowed
from oluko.core.steps import Step, reached
from oluko.ledger.wallets import wallet_of
from oluko.payouts.bank_accounts import bank_account_of, set_weekly
from oluko.payouts.decisions import call_off
from oluko.payouts.forms import Withdraw, withdraw_form
from oluko.payouts.payouts import get_payout, request_payout
from oluko.payouts.standing import standing, steps


def must_teach(person: Person) -> None:
    """Raises NotAllowed for who is no tutor or mentor."""
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("This page is for tutors and mentors."))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: SignedInRequest) -> HttpResponse:
    """Ask for a payout; pressed twice, it is one. What is refused is said on this page."""
    must_teach(request.user)
    if request.method != "POST":
        return _ask(request, withdraw_form(wallet_of(request.user).available), 200)
    form = Withdraw(request.POST)
    if not form.is_valid():
        return _ask(request, form, 422)
    try:
        asked = request_payout(request.user, form.cleaned_data["amount"], key=form.cleaned_data["key"].hex)
    except NotAllowed:
        raise
    except DomainError as refusal:
        form.add_error("amount", refusal.message)
        return _ask(request, form, refusal.status)
    reached(Step.PAYOUT_ASKED_FOR)
    messages.success(request, _("Payout of %(amount)s asked for") % {"amount": money.show(asked.amount)})
    return redirect("payout", asked.pk)


def _ask(request: SignedInRequest, form: Withdraw, status: int) -> HttpResponse:
    context = {"form": form, "wallet": wallet_of(request.user), "account": bank_account_of(request.user)}
    return render(request, "payouts/withdraw.html", context, status=status)


@require_POST
@login_required
def weekly(request: SignedInRequest) -> HttpResponse:
    """Switch the weekly payout on or off."""
    must_teach(request.user)
    on = request.POST.get("weekly") == "on"
    set_weekly(request.user, weekly=on)
    messages.success(request, _("Paid out every week from now on") if on else _("Paid out only when you ask for it"))
    return redirect(reverse("tutor_wallet") + "#bank")


@require_safe
@login_required
def payout(request: SignedInRequest, payout_id: UUID) -> HttpResponse:
    """The story of one payout."""
    must_teach(request.user)
    row = get_payout(payout_id, tutor=request.user)
    return render(request, "payouts/payout.html", {"standing": standing(row), "payout": row, "steps": steps(row)})


@require_POST
@login_required
def stop(request: SignedInRequest, payout_id: UUID) -> HttpResponse:
    """Take a payout back that Paystack does not have."""
    must_teach(request.user)
    call_off(request.user, payout_id)
    messages.success(request, _("Called off; the money is in your wallet again"))
    return redirect("tutor_wallet")
