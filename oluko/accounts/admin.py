"""People, as the operator sees them. Role, standing and verification change by named actions alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from oluko.accounts.models import ApiToken, Person, TutorProfile
from oluko.accounts.people import has_verified_email
from oluko.accounts.zones import find_zone
from oluko.core.admin import Act, Lines, Read, Record, may_operate, money_of


class PersonForm(forms.ModelForm[Person]):
    def clean_time_zone(self) -> str:
        zone = find_zone(self.cleaned_data["time_zone"])
        if zone is None:
            raise forms.ValidationError(gettext("There is no such time zone."))
        return zone


RATE = money_of("hourly_rate", _("hourly rate"))


class ProfileInline(Read, StackedInline):  # type: ignore[misc]
    model = TutorProfile
    fields = ("headline", "bio", RATE, "verified_at")
    readonly_fields = (RATE, "verified_at")
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Words that break the rules can be mended; the rest is the tutor's, or a named action's."""
        return may_operate(request)


class TokenInline(Lines):
    model = ApiToken
    fields = readonly_fields = ("name", "created_at", "last_used_at")


@admin.register(Person)
class PersonAdmin(Record):
    form = PersonForm
    list_display = ("name", "email", "role_shown", "verified", "is_active", "time_zone", "created_at")
    list_filter = ("role", "is_active", ("tutor_profile__verified_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "email")
    search_help_text = _("Name or address")
    ordering = ("-created_at",)
    list_select_related = ("tutor_profile",)
    fields = ("name", "time_zone", "email", "address_verified", "role", "is_active", "created_at", "last_login")
    readonly_fields = fields[2:]
    inlines = (ProfileInline, TokenInline)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Name and time zone alone are editable here."""
        return may_operate(request)

    @display(
        description=_("role"),
        ordering="role",
        label={"STUDENT": None, "TUTOR": "info", "MENTOR": "info", "ADMIN": "warning"},
    )  # type: ignore[untyped-decorator]
    def role_shown(self, obj: Person) -> tuple[str, str]:
        return obj.role, obj.get_role_display()

    @display(description=_("verified"), boolean=True)  # type: ignore[untyped-decorator]
    def verified(self, obj: Person) -> bool | None:
        profile: TutorProfile | None = getattr(obj, "tutor_profile", None)
        return profile.verified_at is not None if profile else None

    @display(description=_("address confirmed"), boolean=True)  # type: ignore[untyped-decorator]
    def address_verified(self, obj: Person) -> bool:
        return has_verified_email(obj)

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.teaches:
            yield (
                Act(_("Withdraw verification"), "operator_unverify")
                if self.verified(obj)
                else Act(_("Verify"), "operator_verify")
            )
        yield Act(_("Change role"), "operator_role")
        if obj.is_active:
            yield Act(_("Deactivate"), "operator_deactivate", danger=True)
        else:
            yield Act(_("Reactivate"), "operator_reactivate")
