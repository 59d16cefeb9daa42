"""Rules of the house that a program can check."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from oluko.bookings.management.commands.states import page as states_page
from tests.access.routes import OPEN, PRIVATE

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SETTING = re.compile(r'\benv(?:_url|_int)?\(\s*"([A-Z_]+)"')
VAGUE = {"utils", "helpers", "services", "managers", "base", "common"}
# Routes of the framework: allauth and the admin guard their own.
FOREIGN = ("accounts/", "admin/")


def own_routes() -> list[str]:
    return sorted({route for route in walk(get_resolver(), "") if not route.startswith(FOREIGN)})


def walk(resolver: URLResolver, before: str) -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found.append(route)
        else:
            found += walk(entry, route)
    return found


def settings_read() -> list[str]:
    return sorted(set(SETTING.findall((ROOT / "oluko" / "settings.py").read_text())))


@pytest.mark.parametrize("name", settings_read())
def test_readme_tells_every_setting(name: str) -> None:
    assert f"`{name}`" in README


def test_readme_tells_no_setting_that_is_gone() -> None:
    told = set(re.findall(r"^\| `(OLUKO_[A-Z_]+|DATABASE_URL)`", README, re.MULTILINE))
    assert told <= set(settings_read())


def test_every_route_has_a_rule_of_access() -> None:
    assert [route for route in own_routes() if route not in OPEN and route not in PRIVATE] == []


def test_no_rule_of_access_is_left_of_a_route_that_is_gone() -> None:
    assert sorted((OPEN | set(PRIVATE)) - set(own_routes())) == []


def test_files_are_named_after_concepts() -> None:
    files = [path for room in ("oluko", "sandbox", "bench", "tests") for path in (ROOT / room).rglob("*.py")]
    assert [path for path in files if path.stem in VAGUE] == []


def test_states_page_is_what_the_states_are() -> None:
    assert (ROOT / "docs" / "states.md").read_text() == states_page()


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
