"""Zones by city, and the zone that pages speak in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.cities import cities
from oluko.accounts.models import Person
from oluko.accounts.zones import MOST_FOUND, find_zone, known_zones, search_places, zone_choices


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Africa/Lagos", "Africa/Lagos"),
        ("lagos", "Africa/Lagos"),
        ("Lagos (GMT+1)", "Africa/Lagos"),
        ("  LONDON ", "Europe/London"),
        ("sao paulo", "America/Sao_Paulo"),
        ("São Paulo", "America/Sao_Paulo"),
        ("port of spain", "America/Port_of_Spain"),
        ("Buenos Aires", "America/Buenos_Aires"),
        ("lord howe", "Australia/Lord_Howe"),
        ("UTC", "UTC"),
        ("Abuja", "Africa/Lagos"),
        ("beijing", "Asia/Shanghai"),
        ("Mumbai", "Asia/Kolkata"),
        ("San Francisco", "America/Los_Angeles"),
        ("Zürich", "Europe/Zurich"),
        ("Xi’an", "Asia/Shanghai"),
        ("San", None),
        ("Atlantis", None),
        ("", None),
        ("(GMT+1)", None),
        ("../etc/passwd", None),
    ],
)
def test_zone_is_found_by_name_city_or_label(words: str, zone: str | None) -> None:
    assert find_zone(words) == zone


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("lag", ("Lagos", "Africa/Lagos")),
        ("san fr", ("San Francisco", "America/Los_Angeles")),
        ("MUMB", ("Mumbai", "Asia/Kolkata")),
        ("sao p", ("Sao Paulo", "America/Sao_Paulo")),
        ("york", ("New York", "America/New_York")),
        ("africa/ac", ("Accra", "Africa/Accra")),
        ("nigeria", ("Nigeria", "Africa/Lagos")),
    ],
)
def test_places_are_found_while_one_types(words: str, first: tuple[str, str]) -> None:
    found = search_places(words)
    assert (found[0].city, found[0].zone) == first
    assert len(found) <= MOST_FOUND


def test_a_place_says_what_time_it_is_there() -> None:
    place = search_places("Beijing", datetime(2026, 5, 5, 13, 5, tzinfo=UTC))[0]
    assert (place.gmt, place.clock) == ("GMT+8", "21:05")


@pytest.mark.parametrize("words", ["", "   ", "(GMT+1)", "qqqq", "%", "<b>"])
def test_nothing_is_found_for_what_names_no_place(words: str) -> None:
    assert search_places(words) == []


def test_every_place_of_the_table_is_understood() -> None:
    for city, zone in cities():
        assert zone in known_zones()
        assert (city, zone) in {(place.city, place.zone) for place in search_places(city)}


@pytest.mark.parametrize(
    ("zone", "at", "label"),
    [
        ("Africa/Lagos", datetime(2026, 5, 5, tzinfo=UTC), "Lagos (GMT+1)"),
        ("Europe/London", datetime(2026, 1, 5, tzinfo=UTC), "London (GMT)"),
        ("Europe/London", datetime(2026, 7, 5, tzinfo=UTC), "London (GMT+1)"),
        ("Australia/Lord_Howe", datetime(2026, 7, 5, tzinfo=UTC), "Lord Howe (GMT+10:30)"),
        ("Australia/Lord_Howe", datetime(2026, 1, 5, tzinfo=UTC), "Lord Howe (GMT+11)"),
        ("Pacific/Chatham", datetime(2026, 7, 5, tzinfo=UTC), "Chatham (GMT+12:45)"),
        ("Pacific/Chatham", datetime(2026, 1, 5, tzinfo=UTC), "Chatham (GMT+13:45)"),
        ("America/St_Johns", datetime(2026, 1, 5, tzinfo=UTC), "St Johns (GMT-3:30)"),
    ],
)
def test_label_says_the_distance_at_that_instant(zone: str, at: datetime, label: str) -> None:
    assert dict(zone_choices(at))[zone] == label


@pytest.mark.django_db
def test_visitors_choice_is_kept_in_a_cookie_and_pages_speak_in_it(client: Client) -> None:
    response = client.post(reverse("zone"), {"zone": "Shanghai", "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    assert client.cookies["zone"].value == "Asia/Shanghai"
    assert (
        'Times in <span data-zone="Asia/Shanghai">Asia/Shanghai (GMT+8)</span>'
        in client.get("/accounts/login/").content.decode()
    )


@pytest.mark.django_db
def test_persons_choice_is_kept_with_the_person(ada: Person, signed_in) -> None:
    browser = signed_in(ada)
    browser.post(reverse("zone"), {"zone": "Asia/Shanghai"})
    ada.refresh_from_db()
    assert ada.time_zone == "Asia/Shanghai"
    browser.cookies["zone"] = "Europe/London"
    assert 'data-zone="Asia/Shanghai"' in browser.get(reverse("profile")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["", "Mars", "<script>", "/etc/localtime", "x" * 10_000])
def test_zone_that_does_not_exist_is_refused(zone: str, client: Client) -> None:
    response = client.post(reverse("zone"), {"zone": zone})
    assert response.status_code == 422
    assert "zone" not in response.cookies
    assert "<script>" not in response.content.decode().split("<main", 1)[1].split("</main", 1)[0]


@pytest.mark.django_db
def test_forged_cookie_falls_back_to_the_sites_zone(client: Client) -> None:
    client.cookies["zone"] = "../../etc/passwd"
    assert 'data-zone="Africa/Lagos"' in client.get("/accounts/login/").content.decode()


@pytest.mark.django_db
def test_the_search_answers_a_script_with_places_alone(client: Client) -> None:
    answer = client.get(reverse("zone"), {"q": "abu"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text
    assert 'data-value="Africa/Lagos"' in text
    assert "<b>Abu Dhabi</b>" in text
    assert "HX-Request" in answer.headers["Vary"]
    nothing = client.get(reverse("zone"), {"q": "<script>"}, headers={"HX-Request": "true"})
    assert "No place of this name" in nothing.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_scripts_the_page_asks_which_place_was_meant(client: Client, method: str) -> None:
    if method == "get":
        answer = client.get(reverse("zone"), {"q": "san", "next": "/courses"})
        assert answer.status_code == 200
    else:
        answer = client.post(reverse("zone"), {"zone": "san", "next": "/courses"})
        assert answer.status_code == 422
    text = answer.content.decode()
    assert "Did you mean" in text
    assert 'name="zone" value="America/Los_Angeles"' in text
    assert text.count('name="next" value="/courses"') == 2


@pytest.mark.django_db
def test_every_page_can_change_the_zone_in_place(client: Client) -> None:
    text = client.get("/courses").content.decode()
    assert 'data-dialog="zone-dialog"' in text
    assert f'data-city-search="{reverse("zone")}"' in text
