"""Everybody walks the whole table: each gets what it says, and what is refused writes nothing."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from oluko.operator.urls import urlpatterns as operator_routes
from tests.access.routes import OPEN, PRIVATE
from tests.access.table import LINES, WRITES_BY_GET, Line, address, body, encoded, unlisted
from tests.access.world import OUTSIDERS, PRIVATE_WORDS, WALKERS, Rows, World, changed, rows_now, undone, watched

REFUSED = re.compile(r"in|4\d\d|503|\d{3}=")


def outcome(answer: Any) -> str:
    """A cell of the table."""
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"):
        return "in"
    return str(answer.status_code)


def ask(world: World, client: Client, line: Line) -> Any:
    """The line's request, complete and good."""
    if line.method == "GET":
        return client.get(address(world, line))
    return client.post(address(world, line), **encoded(line, body(world, line)))


def walk(world: World, who: str, line: Line, before: Rows, client: Client) -> list[str]:
    """What differs from the table, in words."""
    wanted = line.cells[who]
    with undone():
        with watched() as tables:
            answer = ask(world, client, line)
            text = b"".join(answer) if answer.streaming else answer.content
        touched = changed(before, tables)
    got, wrong = outcome(answer), []
    if got == "401" and who == "visitor":
        got = "in"
    if got != wanted.rstrip("="):
        wrong.append(f"{line}: {who} gets {got}, not {wanted}")
    if line.method == "GET":
        touched -= WRITES_BY_GET.get(line.route, set())
    if touched and (line.method == "GET" or REFUSED.fullmatch(wanted)):
        wrong.append(f"{line}: {who} wrote {sorted(touched)}")
    if not touched and line.method == "POST" and wanted in ("200", "302"):
        wrong.append(f"{line}: {who} wrote nothing")
    return wrong + [f"{line}: {who} read {word}" for word in secrets(world, who) if word.encode() in text]


def secrets(world: World, who: str) -> list[str]:
    """Words that this person must never read, wherever they look."""
    addresses = [person.email for name, person in world.people.items() if name != who]
    return addresses + (list(PRIVATE_WORDS) if who in (*OUTSIDERS, "visitor") else [])


@pytest.mark.parametrize("who", WALKERS)
def test_everybody_gets_what_the_table_says(world: World, who: str) -> None:
    client, before = world.client(who), rows_now()
    assert [word for line in LINES for word in walk(world, who, line, before, client)] == []


def test_a_method_without_a_line_is_not_there(world: World) -> None:
    client, before = world.client("tunde"), rows_now()
    assert [word for line in unlisted() for word in walk(world, "tunde", line, before, client)] == []


def test_what_is_private_is_read_by_whom_it_belongs_to(world: World) -> None:
    client = world.client("ada")
    text = "".join(ask(world, client, line).content.decode() for line in LINES if is_page_of_ada(line))
    assert [word for word in PRIVATE_WORDS if word not in text] == []


def is_page_of_ada(line: Line) -> bool:
    own = ("profile", "courses/<slug:slug>", "mentorship/session/<uuid:booking_id>")
    return line.method == "GET" and line.route in own


@pytest.mark.parametrize("who", ["ada", "tunde"])
def test_nothing_is_done_without_the_csrf_token(world: World, who: str) -> None:
    client, before, wrong = world.client(who, csrf=False), rows_now(), []
    posts = [line for line in LINES if line.method == "POST" and line.cells[who].rstrip("=") in ("200", "302")]
    # A mail program posts to an address that we have signed, without any cookie (RFC 8058).
    posts = [line for line in posts if line.route != "notifications/off/<str:signed>"]
    for line in posts:
        with undone():
            with watched() as tables:
                status = ask(world, client, line).status_code
            touched = changed(before, tables)
        if status != 403 or touched:
            wrong.append(f"{line}: {status} {sorted(touched)}")
    assert posts
    assert wrong == []


@pytest.mark.parametrize("who", ["visitor", "zainab", "tunde"])
def test_decisions_of_operators_are_not_there_for_others(world: World, who: str) -> None:
    client, before, wanted = world.client(who), rows_now(), "in" if who == "visitor" else "404"
    known = {
        "person_id": world.people["tunde"].pk,
        "offering_id": world.offering.pk,
        "booking_id": world.bookings["ahead"].pk,
        "payment_id": world.payment.pk,
        "payout_id": world.payout.pk,
    }
    outcomes = set()
    for entry in operator_routes:
        path = "/admin/" + re.sub(
            r"<(\w+):(\w+)>",
            lambda place: str(known.get(place[2], uuid.UUID(int=7) if place[1] == "uuid" else 1)),
            str(entry.pattern),
        )
        with undone():
            with watched() as tables:
                outcomes |= {outcome(client.get(path)), outcome(client.post(path, {"note": "No", "role": "ADMIN"}))}
            assert changed(before, tables) == set()
    assert outcomes == {wanted}


def test_every_route_has_its_lines() -> None:
    assert (OPEN | set(PRIVATE)) ^ {line.route for line in LINES} == set()


def test_lines_agree_with_the_rules() -> None:
    """A private route lets no visitor in; one that belongs to two people, or needs a role, refuses who has none."""
    for line in LINES:
        assert (line.cells["visitor"] == "in") == (line.route in PRIVATE or line.route.startswith("api/webhooks/"))
        rule = PRIVATE.get(line.route, "")
        if rule.startswith("its"):
            assert {line.cells[who] for who in OUTSIDERS} <= {"403", "404"}, line
            assert line.cells["mei"] == "404", line
        if rule.startswith("TUTOR"):
            assert {line.cells[who] for who in ("ada", "zainab", "admin")} == {"403"}, line
