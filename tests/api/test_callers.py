"""Who may call: tokens, the session cookie with its CSRF token, roles; and how often."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from oluko.accounts.models import ApiToken, Person
from oluko.accounts.people import issue_token
from oluko.api import auth
from oluko.offerings.models import Offering
from tests.api.conftest import AT, Api, assert_problem
from tests.api.test_bad_input import ACTIONS

pytestmark = pytest.mark.django_db

GOOD = json.dumps({"title": "React mastery", "duration": 60, "price": 5000})
SESSION = "/api/mentorship/session/00000000-0000-4000-8000-000000000000"
READS = (SESSION, f"{SESSION}/cancellation", f"{SESSION}/money", "/api/wallet", "/api/banks", "/api/notifications")
WRITES = (*(f"/action/{name}" for name in ACTIONS), "/api/mentorship/proceed-payment")

type SignIn = Callable[..., Client]


def post(client: Client, path: str, body: str = "{}", **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("path", WRITES)
def test_nobody_gets_401_whatever_the_csrf_token_or_body(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    for answer in (
        post(client, path),
        post(client, path, "not json"),
        post(client, path, **{"X-CSRFToken": "x" * 32}),
        post(client, path, Authorization="Bearer"),
        post(client, path, Authorization="Bearer oluko_wrong"),
        post(client, path, Authorization="Basic YWRhOmRlbW8="),
    ):
        assert_problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", READS)
def test_nobody_reads_what_is_private(path: str) -> None:
    assert_problem(Client().get(path), 401, "not_signed_in")
    assert_problem(Client().get(path, headers={"Authorization": "Bearer oluko_wrong"}), 401, "not_signed_in")


def test_old_session_cookie_is_nobodys(signed_in: SignIn, tunde: Person) -> None:
    client = signed_in(tunde)
    client.cookies["sessionid"] = "0" * 32
    assert_problem(post(client, "/action/getTutorCourses"), 401)


@pytest.mark.parametrize("path", WRITES)
def test_browser_without_its_csrf_token_is_refused(signed_in: SignIn, tunde: Person, path: str) -> None:
    client = signed_in(tunde, csrf=True)
    assert_problem(post(client, path, GOOD), 403, "csrf_failed")
    assert_problem(post(client, path, GOOD, **{"X-CSRFToken": "x" * 32}), 403, "csrf_failed")
    assert not Offering.objects.exists()


def test_browser_with_its_csrf_token_is_served(signed_in: SignIn, tunde: Person) -> None:
    client = signed_in(tunde, csrf=True)
    client.cookies["csrftoken"] = "t" * 32
    assert post(client, "/action/createMentorshipOffering", GOOD, **{"X-CSRFToken": "t" * 32}).status_code == 200
    assert client.get("/api/wallet").status_code == 200


def test_wrong_token_counts_even_beside_a_good_cookie(signed_in: SignIn, tunde: Person) -> None:
    client = signed_in(tunde)
    assert_problem(client.get("/api/wallet", headers={"Authorization": "Bearer oluko_wrong"}), 401)


def test_token_counts_even_beside_anothers_cookie(signed_in: SignIn, tunde: Person, mei: Person) -> None:
    client = signed_in(mei, csrf=True)
    answer = post(client, "/action/createMentorshipOffering", GOOD, Authorization=f"bearer {issue_token(tunde)}")
    assert answer.json()["tutorId"] == str(tunde.pk)


def test_token_of_somebody_inactive_or_withdrawn_is_wrong(tunde: Person) -> None:
    first, second = issue_token(tunde), issue_token(tunde)
    ApiToken.objects.order_by("pk").first().delete()
    assert_problem(Client().get("/api/wallet", headers={"Authorization": f"Bearer {first}"}), 401)
    assert Client().get("/api/wallet", headers={"Authorization": f"Bearer {second}"}).status_code == 200
    Person.objects.update(is_active=False)
    assert_problem(Client().get("/api/wallet", headers={"Authorization": f"Bearer {second}"}), 401)


def test_role_comes_before_the_body(api: Api, ada: Person) -> None:
    for name in ("createMentorshipOffering", "getTutorAvailability", "setTutorAvailability"):
        calls = api(ada)
        answer = calls.client.generic("POST", f"/action/{name}", b"not json", headers=calls.headers)
        assert_problem(answer, 403, "role_needed")


def test_wrong_tokens_are_counted_per_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(auth._LIMITS, "bad_token", "60/1m/ip")
    statuses = [
        Client().get("/api/wallet", headers={"Authorization": f"Bearer oluko_{number}"}).status_code
        for number in range(62)
    ]
    assert statuses == [401] * 60 + [429] * 2
    answer = Client().get("/api/wallet", headers={"Authorization": "Bearer oluko_x"})
    assert_problem(answer, 429, "too_many")
    assert int(answer.headers["Retry-After"]) > 0
    elsewhere = Client().get("/api/wallet", headers={"Authorization": "Bearer oluko_x"}, REMOTE_ADDR="10.0.0.9")
    assert_problem(elsewhere, 401)


def test_checkouts_are_capped_per_person(
    api: Api, monday: object, ada: Person, bola: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(auth._LIMITS, "checkout", "30/1m/user")
    calls, wanted = api(ada), {"bookingMode": "REQUEST", "scheduledAt": AT.isoformat(), "offeringId": "nope"}
    statuses = [calls("beginMentorshipCheckout", **wanted).status_code for _ in range(15)]
    statuses += [calls("proceedWithApprovedBookingPayment", sessionId="nope").status_code for _ in range(15)]
    assert statuses == [404] * 30
    for answer in (
        calls("beginMentorshipCheckout", **wanted),
        calls("proceedWithApprovedBookingPayment", sessionId="nope"),
        calls.post("/api/mentorship/proceed-payment", {"sessionId": "nope"}),
    ):
        assert_problem(answer, 429, "too_many")
        assert int(answer.headers["Retry-After"]) > 0
    assert api(bola)("beginMentorshipCheckout", **wanted).status_code == 404
    assert calls.get("/api/wallet").status_code == 200
