"""What people fill in to write to each other."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from oluko.conversations.files import LARGEST_FILE, MOST_FILES, Checked, check_file
from oluko.conversations.threads import LONGEST
from oluko.core.errors import Invalid

ACCEPTED = "image/png,image/jpeg,image/webp,image/gif,application/pdf,text/plain,.txt,.md,.csv,.log"


class SeveralFiles(forms.FileInput):
    """A file input for more than one."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Takes up to four files and gives each as it may be kept, judged by its bytes."""

    def clean(self, data: Any, initial: Any = None) -> list[Checked]:
        """Raises forms.ValidationError in the words of the refusal."""
        sent = [file for file in (data or []) if isinstance(file, UploadedFile)]
        if len(sent) > MOST_FILES:
            raise forms.ValidationError(_("At most four files fit into a message."))
        return [self._checked(file) for file in sent]

    def _checked(self, file: UploadedFile[Any]) -> Checked:
        try:
            # One byte more than may be: a larger file is known by it, and not read whole.
            return check_file(file.name or "", file.read(LARGEST_FILE + 1))
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None


class MessageForm(forms.Form):
    """The hidden key makes pressing twice one message; each form has its own."""

    text = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea({"rows": 3, "maxlength": LONGEST, "placeholder": _("Write a message")}),
    )
    files = FilesField(  # type: ignore[assignment]  # a form's own `files` hides it, as Django's metaclass intends
        label=_("Files"),
        required=False,
        help_text=_("Up to four pictures, PDF or text files of 5 MB each."),
        widget=SeveralFiles({"accept": ACCEPTED, "multiple": True, "data-largest": LARGEST_FILE}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, takes_files: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not takes_files:
            del self.fields["files"]


def message_form(*, takes_files: bool) -> MessageForm:
    """An empty form with a key of its own."""
    return MessageForm(initial={"key": uuid4()}, takes_files=takes_files)


class HomeworkForm(forms.Form):
    """The tutor's notes, and tasks to add, one on each line."""

    note = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=LONGEST,
        strip=False,
        help_text=_("What you did, and what to remember. Both of you see it."),
        widget=forms.Textarea({"rows": 5}),
    )
    tasks = forms.CharField(
        label=_("Add tasks"),
        required=False,
        max_length=LONGEST,
        help_text=_("One on each line; your student ticks them."),
        widget=forms.Textarea({"rows": 3}),
    )
