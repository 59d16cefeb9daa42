"""What every test may ask for: the cast, the clock, clients, and a database of its own for races."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from oluko.accounts.models import Person
from oluko.courses.models import Course
from oluko.offerings.models import Offering
from tests.cast import Caller, make_course, make_offering, make_person
from tests.databases import Copy, copied_database, flush_past_triggers, make_template
from tests.serving import RUN_FOLDER, new_site, site

__all__ = ["new_site", "site"]


def pytest_configure() -> None:
    """The first process of a run makes the folder that all of them share."""
    if RUN_FOLDER not in os.environ:
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="oluko-run-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[RUN_FOLDER], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests of one file share a worker, and so its site; everything else is spread."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group(f"browser-{item.path.stem}"))


@pytest.fixture(scope="session", autouse=True)
def _flush_past_triggers() -> Iterator[None]:
    with flush_past_triggers():
        yield


@pytest.fixture(scope="session")
def _template(django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), make_template(tmp_path_factory.mktemp("template")) as name:
        yield name


@pytest.fixture
def database_copy(transactional_db: None, _template: str, tmp_path: Path) -> Iterator[Copy]:
    """A fresh, migrated database that threads and other processes can open.

    While it lives, this process's own connection leads there too; `database_copy.env` leads other processes there.
    """
    with copied_database(_template, tmp_path) as copy:
        yield copy


@pytest.fixture
def _database(request: pytest.FixtureRequest) -> None:
    """The cast lives in the copy where a test asks for one, else in the ordinary test database."""
    request.getfixturevalue("database_copy" if "database_copy" in request.fixturenames else "db")


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """Rate limits count per test."""
    yield
    cache.clear()


@pytest.fixture
def ada(_database: None) -> Person:
    return make_person("Ada Obi")


@pytest.fixture
def bola(_database: None) -> Person:
    return make_person("Bola Adeyemi")


@pytest.fixture
def zainab(_database: None) -> Person:
    """The stranger: no booking is hers."""
    return make_person("Zainab Musa")


@pytest.fixture
def tunde(_database: None) -> Person:
    return make_person("Tunde Bakare", Person.Role.TUTOR)


@pytest.fixture
def mei(_database: None) -> Person:
    return make_person("Mei Chen", Person.Role.MENTOR, zone="Asia/Shanghai")


@pytest.fixture
def admin(_database: None) -> Person:
    return make_person("Admin Oluko", Person.Role.ADMIN)


@pytest.fixture
def react(tunde: Person) -> Course:
    return make_course(tunde)


@pytest.fixture
def offering(tunde: Person) -> Offering:
    """Tunde's INSTANT hour for ₦5,000, linked to no course."""
    return make_offering(tunde)


class Frozen:
    """Sets business time through the clock's own file, so that other processes follow; it runs on from there."""

    def __init__(self) -> None:
        self.file = Path(settings.OLUKO_DATA) / "clock"

    def __call__(self, instant: datetime) -> datetime:
        self.write(instant - datetime.now(UTC))
        return instant

    def advance(self, step: timedelta) -> None:
        from oluko.core import clock

        self.write(clock.offset() + step)

    def write(self, offset: timedelta) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(offset.total_seconds()))
        fresh.replace(self.file)


@pytest.fixture
def frozen() -> Iterator[Frozen]:
    """`frozen(instant)` sets business time, `frozen.advance(step)` moves it; real time comes back afterwards."""
    clock = Frozen()
    yield clock
    clock.file.unlink(missing_ok=True)


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """`signed_in(person)` is a browser of that person; with `csrf=True` it must send the token, as a real one."""

    def sign_in(person: Person, *, csrf: bool = False) -> Client:
        client = Client(enforce_csrf_checks=csrf)
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def api() -> Callable[[Person | None], Caller]:
    """`api(person)` calls as that person's program, `api(None)` as nobody's."""

    def caller(person: Person | None = None) -> Caller:
        if person is None:
            return Caller()
        from oluko.accounts.people import issue_token

        return Caller(issue_token(person))

    return caller
