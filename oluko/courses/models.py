"""A small course area: enough that "a student completes a course" is a real event."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Course(models.Model):
    """A course of the platform; its tutor and its creator may link offerings to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("title"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    summary = models.TextField(_("summary"), max_length=2000, blank=True)
    thumbnail = models.CharField(_("thumbnail"), max_length=200, blank=True)
    tutor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="taught_courses")
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="created_courses")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["title"]
        indexes = [models.Index(fields=["title"], name="course_title")]

    def __str__(self) -> str:
        return self.title

    @property
    def thumbnail_url(self) -> str:
        """Where the picture is; empty where there is none, or where its name leads to no static file."""
        try:
            return static(self.thumbnail) if self.thumbnail else ""
        except ValueError:
            return ""


class Lesson(models.Model):
    course = models.ForeignKey(Course, models.CASCADE, related_name="lessons")
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"), blank=True)

    class Meta:
        ordering = ["course", "position"]
        constraints = [models.UniqueConstraint(fields=["course", "position"], name="lesson_position_once")]

    def __str__(self) -> str:
        return self.title


class Enrolment(models.Model):
    """One person in one course; `completed_at` is set once, by the lesson that completes it."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="enrolments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrolments")
    enrolled_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    suggestions_dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "course"], name="enrolled_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.course_id}"


class LessonDone(models.Model):
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="done")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="done")
    done_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "lesson"], name="lesson_done_once")]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.lesson_id}"
