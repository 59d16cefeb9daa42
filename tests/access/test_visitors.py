"""Nobody who is not signed in reaches, or writes, anything private."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from tests.access.routes import PRIVATE

SOME = {"uuid": str(uuid.UUID(int=7)), "slug": "react-foundations", "int": "1"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROGRAMS = ("api/", "action/")


def address(route: str) -> str:
    """The route with something plausible in each of its places."""
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda place: SOME[place[1] or "uuid"], route)


def outcome(route: str, method: str) -> str:
    body = {"data": "{}", "content_type": "application/json"} if route.startswith(PROGRAMS) else {}
    answer = Client(raise_request_exception=False).generic(method, address(route), **body)
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"):
        return "sign in"
    return {401: "sign in", 405: "no such method"}.get(answer.status_code, f"{method} {answer.status_code}")


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(PRIVATE))
def test_visitor_is_asked_to_sign_in(route: str) -> None:
    outcomes = {outcome(route, method) for method in METHODS}
    assert "sign in" in outcomes
    assert outcomes <= {"sign in", "no such method"}
