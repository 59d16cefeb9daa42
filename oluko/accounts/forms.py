"""Forms about people."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.accounts.photos import PhotoField
from oluko.accounts.zones import COOKIE, find_zone, known_zones
from oluko.core.errors import Invalid
from oluko.core.money import major, parse_major

# Ten million naira; above it a rate is a slip of the finger.
HIGHEST_RATE = 10_000_000_00


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]
    """Name, address, password; answers alike whether the address is new or known."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("At least 10 characters, and not one that everybody uses.")
        _without_placeholders(self)

    def validate_unique_email(self, value: str) -> str:
        self.account_already_exists = Person.objects.filter(email=value).exists()
        return value

    def try_save(self, request: HttpRequest) -> tuple[Person | None, HttpResponse | None]:
        """For a known address: no account, a message to its owner, and the answer that a new one would get."""
        if not self.account_already_exists:
            return super().try_save(request)  # type: ignore[no-any-return]
        # A new account costs one hash; without this the clock would tell.
        make_password(self.cleaned_data["password1"])
        adapter = get_adapter()
        # Creating an account touches the session, and so sets its cookie.
        adapter.unstash_verified_email(request)
        adapter.send_account_already_exists_mail(self.cleaned_data["email"])
        return None, adapter.respond_email_verification_sent(request, None)

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Called by allauth with the new, saved person."""
        user.name = self.cleaned_data["name"]
        guessed = request.COOKIES.get(COOKIE, "")
        if guessed in known_zones():
            user.time_zone = guessed
        user.save(update_fields=["name", "time_zone"])


class ProfileForm(forms.Form):
    """What everybody has: a name and a time zone."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    time_zone = forms.CharField(
        label=_("Your city or time zone"),
        max_length=64,
        help_text=_("Type a city, such as Lagos, London or Shanghai. Booked sessions stay at their instant."),
        widget=forms.TextInput(
            {
                "list": "zones",
                "autocomplete": "off",
                "data-city-search": reverse_lazy("zone"),
                "data-found": _("places found: COUNT"),
            }
        ),
    )

    def clean_time_zone(self) -> str:
        name = find_zone(self.cleaned_data["time_zone"])
        if name is None:
            raise forms.ValidationError(_("Choose a time zone of the list, by its city."))
        return name


class TutorForm(forms.Form):
    """What students see of somebody who teaches."""

    headline = forms.CharField(
        label=_("Headline"),
        max_length=120,
        required=False,
        help_text=_("What you do, in a few words and with a place."),
    )
    bio = forms.CharField(
        label=_("About you"), max_length=4000, required=False, widget=forms.Textarea({"rows": 5, "maxlength": 4000})
    )
    photo = PhotoField(label=_("Photo"), required=False)
    remove_photo = forms.BooleanField(label=_("Remove the photo and show initials"), required=False)
    hourly_rate = forms.CharField(
        label=_("Hourly rate"),
        required=False,
        max_length=20,
        help_text=_("For sessions that are not one of your offerings. Empty: offerings only."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_hourly_rate(self) -> int | None:
        """Naira as people type them; minor units from here on."""
        text = self.cleaned_data["hourly_rate"]
        if not text:
            return None
        try:
            rate = parse_major(text)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None
        if not 0 < rate <= HIGHEST_RATE:
            raise forms.ValidationError(_("Enter an amount above 0 and up to 10,000,000."))
        return rate

    @classmethod
    def of(cls, person: Person, data: Any = None, files: Any = None) -> TutorForm:
        """The form with what the person has said so far."""
        profile = getattr(person, "tutor_profile", None)
        rate = profile.hourly_rate if profile else None
        initial = {
            "headline": profile.headline if profile else "",
            "bio": profile.bio if profile else "",
            "hourly_rate": "" if rate is None else major(rate),
        }
        form = cls(data, files, initial=initial)
        if not (profile and profile.photo):
            del form.fields["remove_photo"]
        return form


class TokenForm(forms.Form):
    """A name by which a person knows their token again."""

    token_name = forms.CharField(label=_("What is it for?"), max_length=60, required=False)


def _without_placeholders(form: forms.Form) -> None:
    # They repeat the label above them.
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
