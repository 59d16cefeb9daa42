"""What a named action asks for before it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.payments.reviews import LONGEST_NOTE


class Plain(forms.Form):
    """Only whether."""


class Why(forms.Form):
    """A reason, which goes into the audit trail."""

    note = forms.CharField(
        label=_("Why"), max_length=LONGEST_NOTE, help_text=_("For the audit trail; keep names and addresses out of it.")
    )


class PerhapsWhy(Why):
    """A reason, if there is something to say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = False
        self.fields["note"].label = _("Note (optional)")


class WhyTold(Why):
    """A reason that the people concerned read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].help_text = _("Both people read this.")


class WhyTutorTold(Why):
    """A reason that the tutor reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].help_text = _("The tutor reads this.")


class Role(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Person.Role.choices)
