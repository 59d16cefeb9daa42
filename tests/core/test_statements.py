"""Statements composed once: rows go in as the ORM would put them, and come back as it would read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from oluko.accounts.models import Person
from oluko.core.statements import Row, insert, read, read_values
from oluko.ledger.models import AuditEntry
from oluko.notifications.models import Notification

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)
LONG = 300  # more rows than one statement takes


@pytest.fixture
def person() -> Person:
    return Person.objects.create_user("somebody@example.test", "a long enough word", name="Somebody")


def told(person: Person, key: str, **more: object) -> Row:
    facts = [["When", "Sunday · „früh“"]]
    return Row(Notification, person_id=person.pk, key=key, kind="paid", facts=facts, created_at=NOW, **more)


def test_a_row_goes_in_as_the_orm_would_have_put_it(person: Person) -> None:
    booking_id = uuid4()
    insert([told(person, "a", booking_id=booking_id, title="Paid", version=3)])
    Notification.objects.create(
        person=person, key="b", kind="paid", facts=[["When", "Sunday · „früh“"]], created_at=NOW, booking_id=booking_id,
        title="Paid", version=3,
    )  # fmt: skip
    one, other = Notification.objects.order_by("key").values()
    assert {**one, "id": 0, "key": ""} == {**other, "id": 0, "key": ""}


def test_columns_that_are_not_named_have_their_defaults_each_row_its_own() -> None:
    insert([Row(AuditEntry, subject="booking", subject_id="1", to_state="PAID", at=NOW) for _ in range(2)])
    first, second = AuditEntry.objects.order_by("id")
    assert (first.actor_id, first.why, first.at) == (None, "", NOW)
    assert NOW < first.recorded_at <= second.recorded_at


def test_a_name_that_is_no_column_is_refused() -> None:
    with pytest.raises(TypeError, match="AuditEntry has no colour"):
        Row(AuditEntry, subject="booking", colour="red")
    with pytest.raises(TypeError, match="AuditEntry has no colour"):
        Row(AuditEntry, subject="booking").put("colour", "red")


def test_a_column_can_be_given_another_value_before_the_row_goes_in(person: Person) -> None:
    row, later = told(person, "a"), NOW + timedelta(minutes=5)
    row.put("created_at", later)
    insert([row])
    assert Notification.objects.get().created_at == later


def test_more_rows_than_a_statement_takes_all_go_in(person: Person) -> None:
    made = insert([told(person, f"{number}") for number in range(LONG)], returning="id, key")
    assert {key for _, key in made} == {f"{number}" for number in range(LONG)}
    assert Notification.objects.count() == LONG
    assert insert([], returning="id") == []


def test_what_is_known_is_left_out_and_not_returned(person: Person) -> None:
    insert([told(person, "a", title="first")])
    made = insert([told(person, "a", title="second"), told(person, "b")], unless_known="key", returning="key")
    assert made == [("b",)]
    assert Notification.objects.get(key="a").title == "first"
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([told(person, "a")])


def test_what_is_read_is_as_the_orm_reads_it(person: Person) -> None:
    insert([told(person, "a", booking_id=uuid4())])
    row = Notification.objects.get()
    (found,) = read(Notification, "key = %s", "a")
    assert (found.person_id, found.booking_id, found.facts, found.created_at) == (
        person.pk,
        row.booking_id,
        row.facts,
        NOW,
    )
    values = read_values(Notification, ("created_at", "booking_id", "version"), "person_id = %s", person.pk)
    assert values == [[NOW, row.booking_id, None]]
