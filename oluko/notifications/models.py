"""What Oluko told whom, how it went out, and what each person wants to be told.

One Notification a person and event, whose `key` makes the telling happen once; one Delivery for each way out of it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oluko.notifications.kinds import Channel, Group, group_of


class Notification(models.Model):
    """Shown by the bell and sent by its deliveries. `key` names event and person, so that a repeat adds nothing.

    For what is about a booking, `version` and `about_at` are the booking's version and the instant that the words
    name: by them it is decided in the moment of sending whether the words are still true.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    url = models.CharField(_("link"), max_length=200, blank=True, help_text=_("a path of this site"))
    booking_id = models.UUIDField(null=True, blank=True, db_index=True)
    version = models.PositiveIntegerField(null=True, blank=True, help_text=_("of the booking"))
    about_at = models.DateTimeField(null=True, blank=True, help_text=_("the start or deadline that it names"))
    useful_until = models.DateTimeField(null=True, blank=True, help_text=_("later it is not sent any more"))
    subject = models.CharField(max_length=200, blank=True, help_text=_("of the mail, if it is not the title"))
    facts = models.JSONField(default=list, blank=True, help_text=_("pairs of label and text that the mail shows"))
    links = models.JSONField(default=list, blank=True, help_text=_("pairs of label and path that the mail offers"))
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_of_person"),
            models.Index(fields=["person"], name="notification_unread", condition=models.Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def group(self) -> Group:
        return group_of(self.kind)


class Delivery(models.Model):
    """One notification on its way to one person by one channel.

    `next_at` (real time): before it nobody may try, because somebody is trying, or because of the pause after a
    failure. `given_at` (real time): when a job was made for it. `not_before` (business time): the end of the person's
    quiet hours, where it waits for that.
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("Waiting")
        SENT = "SENT", _("Sent")
        FAILED = "FAILED", _("Failed")
        DROPPED = "DROPPED", _("Not sent")

    class Why(models.TextChoices):
        STALE = "STALE", _("No longer true")
        LATE = "LATE", _("Too late to be of use")
        NOT_WANTED = "NOT_WANTED", _("Switched off")
        INACTIVE = "INACTIVE", _("Person is inactive")
        NO_DEVICE = "NO_DEVICE", _("No device left")
        REFUSED = "REFUSED", _("Refused for good")
        GAVE_UP = "GAVE_UP", _("Given up after many tries")

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    why = models.CharField(_("why"), max_length=20, choices=Why, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    next_at = models.DateTimeField(_("tried again"), null=True, blank=True)
    given_at = models.DateTimeField(_("given to a job"), null=True, blank=True)
    not_before = models.DateTimeField(_("waits for the end of quiet hours"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)

    class Meta:
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["next_at"], name="delivery_waiting", condition=models.Q(state="QUEUED")),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["QUEUED", "SENT", "FAILED", "DROPPED"]), name="delivery_state_known"
            ),
            models.CheckConstraint(condition=models.Q(channel__in=["MAIL", "PUSH"]), name="delivery_channel_known"),
            models.CheckConstraint(
                condition=~models.Q(state="SENT") | models.Q(sent_at__isnull=False), name="delivery_sent_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.notification}"


class Preferences(models.Model):
    """What a person does not want, as `CHANNEL:GROUP`, and their quiet hours, on the clock of their time zone.

    Without a row, everything comes and no hour is quiet. From later than until means over midnight.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_preferences"
    )
    off = models.JSONField(default=list, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preferences_quiet_both",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}"


class PushSubscription(models.Model):
    """A browser that asked to be told, as its push service knows it (RFC 8030); the keys encrypt what it gets."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000)
    # A database of either kind indexes no text of any length: the address is unique by its digest.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    device = models.CharField(_("device"), max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.device or f"{self.pk}"
