"""What people see when something is refused or breaks."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from oluko.accounts.models import Person
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany, Unavailable
from oluko.urls import urlpatterns as ours

REFUSALS = {
    "invalid": Invalid("bad", "The price is too low.", errors={"price": "At least 100.", "title": "Missing."}),
    "not-allowed": NotAllowed("no", "Tutors only."),
    "not-found": NotFound("none", "No such session."),
    "conflict": Conflict("taken", "The time is <b>taken</b>."),
    "too-many": TooMany("many", "Three at most."),
    "unavailable": Unavailable("down", "Paystack is slow."),
}


def refuse(request: HttpRequest, kind: str) -> HttpResponse:
    raise REFUSALS[kind]


def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret that no page may show")


urlpatterns = [path("refuse/<str:kind>", refuse), path("crash", crash), path("", include(ours))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusal_is_a_page_with_its_status_and_words(kind: str, client: Client) -> None:
    response = client.get(f"/refuse/{kind}")
    page = response.content.decode()
    assert response.status_code == REFUSALS[kind].status
    assert "<b>taken</b>" not in page
    assert REFUSALS[kind].message.split("<")[0] in page


def test_refused_fields_are_all_named(client: Client) -> None:
    page = client.get("/refuse/invalid").content.decode()
    assert "At least 100." in page
    assert "Missing." in page


def test_absent_page_says_so_to_visitors_and_people(client: Client, ada: Person, signed_in) -> None:
    for browser in (client, signed_in(ada)):
        response = browser.get("/no/such/page")
        assert response.status_code == 404
        assert "nothing here for you" in response.content.decode()


def test_crash_shows_our_page_and_nothing_of_the_inside() -> None:
    response = Client(raise_request_exception=False).get("/crash")
    page = response.content.decode()
    assert response.status_code == 500
    assert "broke on our side" in page
    assert "secret" not in page
    assert "Traceback" not in page


def test_host_that_is_not_ours_gets_the_plain_page() -> None:
    response = Client(headers={"host": "evil.example"}).get("/")
    assert response.status_code == 400
    assert "did not understand" in response.content.decode()
