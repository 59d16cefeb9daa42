"""The form of an offering. What may be is for `offerings.py` to say; this names the fields and keeps what was typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.core.errors import DomainError, Invalid
from oluko.core.meeting_links import LONGEST
from oluko.core.money import major, parse_major
from oluko.courses.courses import courses_taught_by
from oluko.offerings.models import DURATIONS, BookingMode, CancellationPolicy, Offering
from oluko.offerings.offerings import LONGEST_DESCRIPTION, LONGEST_TITLE


class OfferingForm(forms.Form):
    """Fields by their names on the wire, so that a refusal of the domain finds its field."""

    title = forms.CharField(label=_("Title"), max_length=LONGEST_TITLE, help_text=_("What a student gets, in a line."))
    courseId = forms.CharField(required=False)  # noqa: N815 - wire name; the tutor's own courses go here below
    duration = forms.TypedChoiceField(
        label=_("Duration"), coerce=int, choices=[(minutes, _("%d minutes") % minutes) for minutes in DURATIONS]
    )
    price = forms.CharField(label=_("Price"), max_length=20, help_text=_("In naira, from 100 to 10,000,000."))
    description = forms.CharField(
        label=_("Description"),
        max_length=LONGEST_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    bookingMode = forms.ChoiceField(  # noqa: N815 - wire name
        label=_("Booking"),
        choices=[
            (BookingMode.INSTANT, _("At once, or on request as the student likes")),
            (BookingMode.REQUEST, _("On request only: you answer first")),
        ],
    )
    cancellationPolicy = forms.ChoiceField(  # noqa: N815 - wire name
        label=_("If the student cancels"),
        choices=[
            (CancellationPolicy.FLEXIBLE, _("Flexible: all back until 2 hours before")),
            (CancellationPolicy.MODERATE, _("Moderate: all back until 24 hours before, half until 2")),
            (CancellationPolicy.STRICT, _("Strict: all back until 72 hours before, half until 24")),
        ],
    )

    meetingLink = forms.CharField(  # noqa: N815 - wire name
        label=_("Meeting link of your own"),
        required=False,
        max_length=LONGEST,
        help_text=_("Meet, Jitsi, Teams… Leave it empty, and you meet in our own room."),
        widget=forms.URLInput(attrs={"placeholder": "https://meet.google.com/…", "autocomplete": "off"}),
    )

    def __init__(self, tutor: Person, data: QueryDict | None = None, *, offering: Offering | None = None) -> None:
        initial = (
            facts_of(offering) if offering else {"duration": 60, "cancellationPolicy": CancellationPolicy.MODERATE}
        )
        super().__init__(data, initial=initial, auto_id="offering_%s")
        courses = {str(course.pk): course.title for course in courses_taught_by(tutor)}
        if offering and offering.course:
            courses.setdefault(str(offering.course_id), offering.course.title)
        self.fields["courseId"] = forms.TypedChoiceField(
            label=_("Course"),
            required=False,
            coerce=UUID,
            empty_value=None,
            choices=[("", _("None: a standalone offering")), *courses.items()],
        )
        self.fields["price"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean_price(self) -> int:
        """Naira as typed, as kobo."""
        try:
            return parse_major(self.cleaned_data["price"])
        except Invalid as problem:
            raise forms.ValidationError(problem.message) from None

    def facts(self) -> dict[str, Any]:
        """The arguments of `create_offering` and `update_offering`."""
        names = {
            "courseId": "course_id",
            "bookingMode": "booking_mode",
            "cancellationPolicy": "cancellation_policy",
            "meetingLink": "meeting_link",
        }
        return {names.get(name, name): value for name, value in self.cleaned_data.items()}

    def refuse(self, problem: DomainError) -> None:
        """Show what the domain refused at its fields."""
        errors = problem.errors if isinstance(problem, Invalid) else {}
        for name, message in errors.items():
            self.add_error(name if name in self.fields else None, message)
        if not errors:
            self.add_error("courseId", problem.message)


def facts_of(offering: Offering) -> dict[str, Any]:
    """An offering as the form shows it."""
    return {
        "title": offering.title,
        "courseId": str(offering.course_id or ""),
        "duration": offering.duration,
        "price": f"{major(offering.price):,}" if offering.price % 100 == 0 else f"{offering.price / 100:,.2f}",
        "description": offering.description,
        "bookingMode": offering.booking_mode,
        "cancellationPolicy": offering.cancellation_policy,
        "meetingLink": offering.meeting_link,
    }
