"""Names of columns that an operation does not take change nothing, whoever posts them and wherever."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db.models import BooleanField, DateField, DateTimeField, Field, JSONField, Model
from django.test import Client
from django.urls import reverse
from pydantic.alias_generators import to_camel

from oluko.accounts.models import Person
from tests.access.table import LINES, Line, address, body, encoded
from tests.access.world import Rows, World, changed, rows_now, undone, watched

OWN = [model for model in apps.get_models() if model.__module__.startswith("oluko.")]
LONG_AGO = "2001-02-03T04:05:06Z"
# Each run draws new keys and references; jobs name new rows, and a meeting link's notification names its second.
STAMP = re.compile(r"DTSTAMP:\w+")
DRAWN = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,}|(?<=:)\d{10,13}(?=:)|(?<=')\d+(?=')")
HOUR = timedelta(hours=1)
WANTED_STATES = ("ADMIN", "COMPLETED", "PAID", "PROCESSED")

type Bodies = list[dict[str, Any]]


def smuggled(world: World) -> Bodies:
    """Every column of every model of ours, by its names here and on the wire, with each value worth a try."""
    wanted: dict[str, list[Any]] = {"is_staff": [True], "tutor_profile": ["x"]}
    for model in OWN:
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
            for name in {field.name, field.attname, to_camel(field.name), to_camel(field.attname)}:
                values = wanted.setdefault(name, [])
                values += [value for value in hostile(world, model, field) if value not in values]
    rounds = max(map(len, wanted.values()))
    return [{name: values[turn % len(values)] for name, values in wanted.items()} for turn in range(rounds)]


def hostile(world: World, model: type[Model], field: Field[Any, Any]) -> list[Any]:
    """Values that would do harm, and that the database would take."""
    others = {
        Person: world.people["mei"].pk,
        type(world.offering): world.offering.pk,
        type(world.course): world.course.pk,
    }
    related = field.related_model
    if related is not None:
        return [str(others.get(related, world.bookings["past"].pk))]
    if field.primary_key:
        return [str(others.get(model, world.bookings["past"].pk))]
    if field.choices:
        values = [value for value, _label in field.flatchoices]
        return [value for value in values if value in WANTED_STATES] or values[-1:]
    if isinstance(field, BooleanField):
        return [not field.get_default()]
    if isinstance(field, DateField | DateTimeField):
        return [LONG_AGO]
    if isinstance(field, JSONField):
        return [{}]
    return [1] if "Integer" in field.get_internal_type() else ["USD"]


def outcome(world: World, client: Client, line: Line, sent: dict[str, Any], before: Rows) -> dict[str, Any]:
    """What the request answers and leaves behind, told without what differs from run to run."""
    with undone():
        with watched() as tables:
            answer = client.post(address(world, line), **encoded(line, sent))
        after = rows_now(tables)
        told: dict[str, Any] = {"status": answer.status_code, "tables": sorted(changed(before, tables))}
    known = {str(key) for rows in before.values() for key in rows} | {world.payment.reference.removeprefix("olk-")}
    for table in told["tables"]:
        fresh = []
        for key, facts in after[table].items():
            if key in before[table]:
                told |= {f"{table} {key} {name}": plainly(world, value, known) for name, value in facts.items()}
            else:
                fresh.append(plain(world, facts, known))
        told |= {f"{table} new {number}": row for number, row in enumerate(sorted(fresh))}
    return told


def plain(world: World, facts: dict[str, Any], known: set[str]) -> str:
    """A new row, without the numbers that the database drew for it and for other new ones."""
    drawn = {name for name, value in facts.items() if name.endswith(("pk", "id")) and isinstance(value, int)}
    return repr({name: plainly(world, value, known) for name, value in facts.items() if name not in drawn})


def plainly(world: World, value: Any, known: set[str]) -> Any:
    """Every new key is the same word, and an instant is so many hours from the world's now."""
    if isinstance(value, datetime):
        # Between two instants of the world there are minutes; an hour begins seven of them before now.
        real = abs(value - datetime.now(UTC)) < HOUR / 6
        return "real now" if real else (value - world.now + timedelta(minutes=7)) // HOUR
    if isinstance(value, str | UUID | dict | list):
        # A calendar file folds its lines, and says when it was made.
        text = STAMP.sub("DTSTAMP", str(value).replace("\r\n ", ""))
        return DRAWN.sub(lambda found: found[0] if found[0] in known and not found[0].isdigit() else "drawn", text)
    return value


@pytest.mark.parametrize("who", ["ada", "zainab", "tunde"])
def test_names_that_are_not_asked_for_change_nothing(world: World, who: str) -> None:
    client, before, extras = world.client(who), rows_now(), smuggled(world)
    lines = [line for line in LINES if line.method == "POST" and line.cells[who] in ("200", "302")]
    wrong = []
    for number, line in enumerate(lines):
        good = body(world, line)
        wanted = outcome(world, client, line, good, before)
        assert wanted["tables"], line
        # Every name goes to every line. Few have a second value, and an operation that takes a name seldom does so
        # for one of its values alone: the further rounds go to the lines by turns.
        for extra in (extras[0], extras[1 + number % (len(extras) - 1)]):
            got = outcome(world, client, line, extra | good, before)
            wrong += [
                f"{line}: {what}: {got.get(what)} is not {wanted.get(what)}"
                for what in wanted | got
                if got.get(what) != wanted.get(what)
            ]
    assert lines
    assert wrong == []


def test_new_accounts_are_students_whatever_they_post(world: World) -> None:
    for extra in smuggled(world):
        wanted = {"name": "New One", "email": "new@demo.test", "password1": "a long enough phrase"}
        with undone():
            world.client("visitor").post(reverse("account_signup"), extra | wanted)
            person = Person.objects.get(email="new@demo.test")
            assert (person.role, person.is_superuser, person.is_active) == ("STUDENT", False, True)
            assert person.created_at.year > 2001
            assert not EmailAddress.objects.filter(user=person, verified=True).exists()
            assert not hasattr(person, "tutor_profile")
