"""Courses and lessons, which operators write; what people did in them is only read."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline

from oluko.core.admin import Endless, Read, Record, may_operate
from oluko.courses.models import Course, Enrolment, Lesson


class LessonInline(Read, StackedInline):  # type: ignore[misc]
    model = Lesson
    fields = ("position", "title", "body")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)


@admin.register(Course)
class CourseAdmin(Record):
    list_display = ("title", "slug", "tutor", "creator", "created_at")
    search_fields = ("title", "slug", "tutor__name")
    search_help_text = _("Title, slug or tutor")
    list_select_related = ("tutor", "creator")
    fields = ("title", "slug", "summary", "thumbnail", "tutor", "creator", "created_at")
    readonly_fields = ("created_at",)
    autocomplete_fields = ("tutor", "creator")
    prepopulated_fields = {"slug": ("title",)}
    inlines = (LessonInline,)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)


@admin.register(Enrolment)
class EnrolmentAdmin(Endless, Record):
    list_display = ("person", "course", "enrolled_at", "completed_at")
    list_filter = ("course", ("completed_at", admin.EmptyFieldListFilter))
    search_fields = ("person__name", "person__email", "course__title")
    list_select_related = ("person", "course")
    ordering = ("-id",)
    fields = ("person", "course", "enrolled_at", "completed_at", "suggestions_dismissed_at")
