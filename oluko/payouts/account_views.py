"""The bank account in two steps: name it and see whose it is; save it with one's password."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.core.errors import Invalid, TooMany, Unavailable
from oluko.payments.paystack import Bank
from oluko.payouts.bank_accounts import FoundAccount, bank_account_of, banks, save_bank_account, whose_account
from oluko.payouts.forms import Account, Password
from oluko.payouts.views import must_teach

SHOWN = 12
# Each answer names somebody's account; counted together with the API's.
_LIMITS = {"account": "30/1m/user"}
_FIELDS = {"bankCode": "bank", "accountNumber": "number"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def bank_account(request: SignedInRequest) -> HttpResponse:
    """The first step. A good account leads to the second on the same address."""
    must_teach(request.user)
    form = Account(request.POST if request.method == "POST" else None)
    try:
        known = banks()
        if request.method != "POST":
            return _first(request, form, known, 200)
        if not form.is_valid():
            return _first(request, form, known, 422)
        _count(request)
        found = whose_account(
            request.user,
            bank_code=_code_of(form.cleaned_data["bank"], known),
            account_number=form.cleaned_data["number"],
        )
    except Invalid as refusal:
        field = next((_FIELDS[name] for name in refusal.errors if name in _FIELDS), None)
        form.add_error(field, refusal.message)
        return _first(request, form, known, refusal.status)
    except Unavailable as refusal:
        return _first(request, form, [], refusal.status, trouble=refusal.message)
    return _second(request, found, Password(initial={"bank": found.bank.code, "number": found.number}), 200)


@require_safe
@login_required
def find_banks(request: SignedInRequest) -> HttpResponse:
    """The banks whose names hold what somebody types, for the script of the field."""
    must_teach(request.user)
    words = request.GET.get("q", "").strip().lower()[:60]
    found = [bank for bank in banks() if words in bank.name.lower()]
    # What begins so comes first.
    found.sort(key=lambda bank: not bank.name.lower().startswith(words))
    return render(request, "payouts/parts/banks.html", {"banks": found[:SHOWN]})


@never_cache
@sensitive_post_parameters("password")
@require_POST
@login_required
def save(request: SignedInRequest) -> HttpResponse:
    """The second step: the password once more, then it is saved."""
    must_teach(request.user)
    form = Password(request.POST)
    _count(request)
    named = {"bank_code": request.POST.get("bank", ""), "account_number": request.POST.get("number", "")}
    if not form.is_valid() or not _is_password(request, form.cleaned_data["password"]):
        if not form.errors:
            form.add_error("password", _("This is not your password."))
        return _second(request, whose_account(request.user, **named), form, 422)
    saved = save_bank_account(request.user, **named)
    messages.success(request, _("Payouts go to %(account)s") % {"account": saved})
    return redirect(reverse("tutor_wallet") + "#bank")


def _is_password(request: SignedInRequest, password: str) -> bool:
    """Tries count as tries to sign in do. Raises TooMany."""
    person = get_adapter(request).authenticate(request, email=request.user.email, password=password)
    return person is not None and person.pk == request.user.pk


def _count(request: SignedInRequest) -> None:
    if ratelimit.consume(request, app="oluko", action="account", config=_LIMITS, user=request.user) is None:
        raise TooMany("too_many", _("Too many bank accounts; wait a minute."))


def _code_of(name: str, known: list[Bank]) -> str:
    """The code of the bank of that name; empty where there is none."""
    return next((bank.code for bank in known if bank.name.lower() == name.strip().lower()), "")


def _first(
    request: SignedInRequest, form: Account, known: list[Bank], status: int, *, trouble: str = ""
) -> HttpResponse:
    form.fields["bank"].widget.attrs |= {
        "data-city-search": reverse("find_banks"),
        "data-found": _("banks found: COUNT"),
    }
    context: dict[str, Any] = {"form": form, "banks": known, "trouble": trouble}
    context["account"] = bank_account_of(request.user)
    return render(request, "payouts/bank_account.html", context, status=status)


def _second(request: SignedInRequest, found: FoundAccount, form: Password, status: int) -> HttpResponse:
    context = {"form": form, "found": found, "account": bank_account_of(request.user)}
    return render(request, "payouts/bank_account_save.html", context, status=status)
