"""People: one user model, their tutor profile and their API tokens."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PersonManager(BaseUserManager["Person"]):
    """Creates people; an e-mail address is kept in lower case, so that it is unique as people mean it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        return self.create_user(email, password, role=Person.Role.ADMIN, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser, PermissionsMixin):
    """Anyone who signs in. Everyone may learn; TUTOR and MENTOR may teach; ADMIN operates the site."""

    class Role(models.TextChoices):
        STUDENT = "STUDENT", _("Student")
        TUTOR = "TUTOR", _("Tutor")
        MENTOR = "MENTOR", _("Mentor")
        ADMIN = "ADMIN", _("Operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.STUDENT)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Africa/Lagos")
    calendar_renewals = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("how often the calendar's secret address was renewed")
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        # The marketplace lists tutors by name.
        indexes = [models.Index(fields=["name"], name="person_name")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_unique_lower"),
            models.CheckConstraint(
                condition=models.Q(role__in=["STUDENT", "TUTOR", "MENTOR", "ADMIN"]), name="person_role_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Django's admin asks this; operators alone may enter it."""
        return self.role == self.Role.ADMIN

    @property
    def is_operator(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def teaches(self) -> bool:
        return self.role in (self.Role.TUTOR, self.Role.MENTOR)

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.email]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def avatar(self) -> str:
        """The photo's address if the tutor profile was selected with the person, else nothing; it never queries."""
        profile: TutorProfile | None = self._state.fields_cache.get("tutor_profile")
        return profile.photo.url if profile and profile.photo else ""


class TutorProfile(models.Model):
    """What students see of a tutor; rates in minor units an hour, null where from-scratch bookings are not wanted."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="tutor_profile")
    headline = models.CharField(_("headline"), max_length=120, blank=True)
    bio = models.TextField(_("about you"), max_length=4000, blank=True)
    photo = models.ImageField(_("photo"), upload_to="photos/", blank=True)
    hourly_rate = models.BigIntegerField(_("hourly rate"), null=True, blank=True)
    currency = models.CharField(max_length=3, default="NGN")
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)

    class Meta:
        verbose_name = _("tutor profile")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hourly_rate__isnull=True) | models.Q(hourly_rate__gt=0), name="hourly_rate_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}"


class ApiToken(models.Model):
    """A bearer token; only its SHA-256 is kept, so that a stolen backup signs nobody in."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API token")

    def __str__(self) -> str:
        return f"{self.name or self.pk}"
