"""The line in which writers of SQLite stand: one after the other, and nobody for long."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from oluko.core.database import repeat_on_deadlock, turn_to_write
from oluko.jobs.models import Recurrence
from tests.racing import run_threads

pytestmark = pytest.mark.django_db(transaction=True)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def count_up() -> None:
    row = Recurrence.objects.select_for_update().get(name="counted")
    time.sleep(0.002)
    Recurrence.objects.filter(name="counted").update(tick=row.tick + 1)


def test_sixteen_writers_all_get_their_turn() -> None:
    Recurrence.objects.create(name="counted")
    _results, errors = run_threads(16, lambda _number: count_up())
    assert not errors
    assert Recurrence.objects.get(name="counted").tick == 16


def test_an_operation_within_another_does_not_wait_for_itself() -> None:
    Recurrence.objects.create(name="counted")
    with turn_to_write():
        count_up()
    assert Recurrence.objects.get(name="counted").tick == 1


def test_a_failed_operation_gives_its_turn_away() -> None:
    with pytest.raises(Recurrence.DoesNotExist):
        count_up()
    Recurrence.objects.create(name="counted")
    other = threading.Thread(target=run_apart, daemon=True)
    other.start()
    other.join(10)
    assert Recurrence.objects.get(name="counted").tick == 1


def test_without_room_for_a_line_people_write_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    Recurrence.objects.create(name="counted")
    monkeypatch.setattr(settings, "OLUKO_DATA", Path("/nonexistent"))
    count_up()
    assert Recurrence.objects.get(name="counted").tick == 1


def run_apart() -> None:
    try:
        count_up()
    finally:
        connection.close()
