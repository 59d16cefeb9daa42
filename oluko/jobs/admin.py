"""Jobs and recurring work: what failed comes first."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult, get_date_max
from unfold.decorators import display

from oluko.core.admin import Act, Endless, Record
from oluko.jobs.models import Recurrence

COLOURS = {"READY": "info", "RUNNING": "primary", "SUCCESSFUL": "success", "FAILED": "danger"}


@admin.register(DBTaskResult)
class JobAdmin(Endless, Record):
    list_display = ("what", "state", "queue_name", "attempts", "problem", "enqueued_at", "finished_at")
    list_filter = ("status", "queue_name")
    search_fields = ("=id", "task_path", "exception_class_path")
    search_help_text = _("A job's name, its error, or its id")
    fields = (
        "what", "status", "queue_name", "arguments", "attempts", "again", "enqueued_at", "started_at", "finished_at",
        "problem", "error",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        first = Case(When(status="FAILED", then=Value(0)), default=Value(1))
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.order_by(first, "-enqueued_at", "id")

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        return (Case(When(status="FAILED", then=Value(0)), default=Value(1)), "-enqueued_at", "id")

    @display(description=_("job"), ordering="task_path")  # type: ignore[untyped-decorator]
    def what(self, obj: Any) -> str:
        return str(obj.task_path).removeprefix("oluko.").replace(".tasks.", ": ")

    @display(description=_("state"), ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Any) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description=_("attempts"))  # type: ignore[untyped-decorator]
    def attempts(self, obj: Any) -> int:
        return len(obj.worker_ids)

    @display(description=_("runs again"))  # type: ignore[untyped-decorator]
    def again(self, obj: Any) -> Any:
        return obj.run_after if obj.status == "READY" and obj.run_after < get_date_max() else "–"

    @display(description=_("problem"))  # type: ignore[untyped-decorator]
    def problem(self, obj: Any) -> str:
        return str(obj.exception_class_path).rsplit(".", 1)[-1] or "–"

    @display(description=_("arguments"))  # type: ignore[untyped-decorator]
    def arguments(self, obj: Any) -> str:
        return json.dumps(obj.args_kwargs)

    @display(description=_("error"))  # type: ignore[untyped-decorator]
    def error(self, obj: Any) -> str:
        return format_html('<pre class="operator-pre">{}</pre>', obj.traceback) if obj.traceback else "–"

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.status == "FAILED":
            yield Act(_("Run again"), "operator_run_again")
            yield Act(_("Give up"), "operator_give_up", danger=True)


@admin.register(Recurrence)
class RecurrenceAdmin(Record):
    list_display = ("name", "finished_at", "failed_at", "healthy")
    search_fields = ("name",)
    ordering = ("name",)
    fields = readonly_fields = ("name", "tick", "finished_at", "failed_at", "healthy", "last_error")

    @display(description=_("last error"))  # type: ignore[untyped-decorator]
    def last_error(self, obj: Recurrence) -> str:
        return format_html('<pre class="operator-pre">{}</pre>', obj.error) if obj.error else "–"

    @display(description=_("its last run went well"), boolean=True)  # type: ignore[untyped-decorator]
    def healthy(self, obj: Recurrence) -> bool | None:
        if obj.finished_at is None and obj.failed_at is None:
            return None
        beginning = timezone.now().min.replace(tzinfo=timezone.now().tzinfo)
        return (obj.finished_at or beginning) >= (obj.failed_at or beginning)
