"""What is not there, what is asked the wrong way, and what breaks: problem+json everywhere."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from oluko.accounts.models import Person
from tests.api.conftest import Api, assert_problem
from tests.api.test_bad_input import ACTIONS
from tests.api.test_callers import READS

pytestmark = pytest.mark.django_db

ABSENT = (
    *("/api", "/api/", "/api/nope", "/api/mentorship", "/api/mentorship/offerings/", "/action", "/action/"),
    *("/action/nope", "/action/createMentorshipOffering/", "/action/creatementorshipoffering", "/api/%00", "/api/\n"),
)


@pytest.mark.parametrize("path", ABSENT)
def test_address_that_is_not_there(api: Api, tunde: Person, path: str) -> None:
    for calls in (api(None), api(tunde)):
        for answer in (calls.get(path), calls.post(path)):
            assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("name", ACTIONS)
def test_action_is_only_posted(api: Api, tunde: Person, name: str) -> None:
    calls = api(tunde)
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = calls.client.generic(method, f"/action/{name}", headers=calls.headers)
        if method == "HEAD":
            assert answer.status_code == 405
        else:
            assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path", [*READS, "/api/mentorship/offerings", "/api/mentorship/suggestions", "/api/openapi.json"]
)
def test_resource_is_only_read(api: Api, tunde: Person, path: str) -> None:
    calls = api(tunde)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = calls.client.generic(method, path, headers=calls.headers)
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(api: Api) -> None:
    got, asked = api(None).get("/api/mentorship/offerings"), Client().head("/api/mentorship/offerings")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["ETag"] == got.headers["ETag"]


def test_mistake_of_ours_shows_nothing_of_the_inside(
    api: Api, tunde: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(person: Person) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("oluko.api.resources.wallet_of", breaks)
    problem = assert_problem(api(tunde).get("/api/wallet"), 500, "internal_error")
    assert "secret" not in str(problem)
    assert "secret inside" in caplog.text


def test_database_that_is_away_is_503(api: Api, tunde: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(person: Person) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("oluko.api.resources.wallet_of", away)
    answer = api(tunde).get("/api/wallet")
    assert_problem(answer, 503, "try_again")
    assert answer.headers["Retry-After"]


def test_answers_about_oneself_are_kept_by_nobody(api: Api, tunde: Person) -> None:
    for path in ("/api/wallet",):
        assert "no-store" in api(tunde).get(path).headers["Cache-Control"]
    assert "no-store" in api(tunde)("getTutorCourses").headers["Cache-Control"]
    assert "no-store" in api(None).get("/api/wallet").headers["Cache-Control"]
