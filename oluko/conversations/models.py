"""What the two people of a booking write to each other, before and after the session.

Files lie in the database, so that they are part of every backup and go with the rows that they belong to.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """One message; within a booking their ids rise in the order in which they can be read.

    The text is kept as it was written. What the other may read of it is decided in showing it (masking.py).
    """

    booking = models.ForeignKey("bookings.Booking", models.PROTECT, related_name="conversation")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(_("text"), max_length=4000, blank=True)
    key = models.UUIDField(help_text=_("of the form that it came by, so that pressing twice is one message"))
    created_at = models.DateTimeField(editable=False)

    class Meta:
        indexes = [models.Index(fields=["booking", "-id"], name="message_of_booking")]
        constraints = [models.UniqueConstraint(fields=["booking", "author", "key"], name="message_once")]

    def __str__(self) -> str:
        return f"{self.pk}"


class Kind(models.TextChoices):
    """What a file is, by its bytes."""

    PNG = "PNG", _("Picture (PNG)")
    JPEG = "JPEG", _("Picture (JPEG)")
    WEBP = "WEBP", _("Picture (WebP)")
    PDF = "PDF", _("PDF")
    TEXT = "TEXT", _("Text")


PICTURES = (Kind.PNG, Kind.JPEG, Kind.WEBP)
CONTENT_TYPES = {
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.WEBP: "image/webp",
    Kind.PDF: "application/pdf",
    Kind.TEXT: "text/plain; charset=utf-8",
}


class Attachment(models.Model):
    """A file of a message, `size` in bytes; `width`, `height` (pixels) and `preview` (WebP) are of pictures alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    size = models.PositiveIntegerField(_("size"))
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    content = models.BinaryField()
    preview = models.BinaryField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="attachment_kind_known"),
            models.UniqueConstraint(fields=["message", "position"], name="attachment_position_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return self.kind in PICTURES


class ReadMark(models.Model):
    """How far a person has read in a booking's thread."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    booking = models.ForeignKey("bookings.Booking", models.CASCADE, related_name="+")
    last_message = models.ForeignKey(Message, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "booking"], name="read_mark_once")]

    def __str__(self) -> str:
        return f"{self.last_message_id}"


class Note(models.Model):
    """What the tutor writes down after the session, for both."""

    booking = models.OneToOneField("bookings.Booking", models.PROTECT, primary_key=True, related_name="note")
    text = models.TextField(_("notes"), max_length=4000)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.pk}"


class Task(models.Model):
    """What the tutor gives the student to do; the student ticks it."""

    booking = models.ForeignKey("bookings.Booking", models.PROTECT, related_name="tasks")
    text = models.CharField(_("task"), max_length=200)
    created_at = models.DateTimeField(editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["booking", "text"], name="task_once")]

    def __str__(self) -> str:
        return self.text
