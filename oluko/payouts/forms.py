"""What a tutor fills in to be paid."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from oluko.core import money
from oluko.core.errors import Invalid


class Withdraw(forms.Form):
    """How much. The hidden key makes pressing twice one payout; each form has its own."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_amount(self) -> int:
        """Minor units."""
        typed: str = self.cleaned_data["amount"]
        try:
            return money.parse_major(typed.strip().removeprefix("₦"))
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None


def withdraw_form(available: int, key: UUID | None = None) -> Withdraw:
    """The form filled in with everything that is available (minor units)."""
    return Withdraw(initial={"amount": str(money.major(available)), "key": key or uuid4()})


class Account(forms.Form):
    """A bank by its name, and a number there."""

    bank = forms.CharField(label=_("Bank"), max_length=120, help_text=_("Type a few letters of its name."))
    number = forms.CharField(
        label=_("Account number"),
        max_length=20,
        help_text=_("Ten digits (NUBAN)."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "num"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Banks' names are no words of a language, and no browser should fill them in.
        self.fields["bank"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "list": "banks"}


class Password(forms.Form):
    """Who signed in asks once more, right before the money's way is changed."""

    bank = forms.CharField(max_length=20, widget=forms.HiddenInput)
    number = forms.CharField(max_length=20, widget=forms.HiddenInput)
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
