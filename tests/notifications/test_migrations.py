"""Mails that were told of before there was a ledger of deliveries stand in it afterwards, and go back again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from oluko.accounts.models import Person
from tests.databases import Copy

BEFORE, AFTER = [("notifications", "0002_calendar_file")], [("notifications", "0003_ledger")]


def migrate(to: list[tuple[str, str]]) -> Any:
    """The models as they are once the copy has been migrated there."""
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection).loader.project_state(to).apps


@pytest.fixture
def old(database_copy: Copy) -> Any:
    """The models of before, on a copy that was migrated back."""
    return migrate(BEFORE)


def test_mails_become_deliveries_and_come_back(ada: Person, old: Any) -> None:
    now = timezone.now()
    told = {"sent": (now - timedelta(days=3), now - timedelta(days=2)), "fresh": (now - timedelta(hours=1), None)}
    told["lost"] = (now - timedelta(days=2), None)
    for key, (created_at, mailed_at) in told.items():
        old.get_model("notifications", "Notification").objects.create(
            person_id=ada.pk, key=key, kind="paid", title=key, created_at=created_at, mailed_at=mailed_at
        )
    new = migrate(AFTER)
    rows = new.get_model("notifications", "Delivery").objects.select_related("notification")
    found = {row.notification.key: (row.channel, row.state, row.why, row.sent_at) for row in rows}
    assert found == {
        "sent": ("MAIL", "SENT", "", told["sent"][1]),
        "fresh": ("MAIL", "QUEUED", "", None),
        "lost": ("MAIL", "FAILED", "GAVE_UP", None),
    }
    waiting = rows.get(notification__key="fresh")
    # The sweep sends it at once; what is over is not looked at any more.
    assert now <= waiting.next_at <= timezone.now()
    assert set(rows.exclude(pk=waiting.pk).values_list("next_at", flat=True)) == {None}
    again = migrate(BEFORE).get_model("notifications", "Notification")
    assert dict(again.objects.values_list("key", "mailed_at")) == {key: at for key, (_made, at) in told.items()}
