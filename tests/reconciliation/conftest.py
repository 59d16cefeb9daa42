"""A Paystack of these tests' own, empty before each: what others left there would be found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.offerings.models import Offering
from oluko.payments.paystack import paystack
from tests.reconciliation.world import World
from tests.sandbox_process import Sandbox, run_sandbox


@pytest.fixture(scope="session")
def _own_paystack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    folder = tmp_path_factory.mktemp("paystack")
    with run_sandbox(folder, settings.OLUKO_PAYSTACK_SECRET_KEY, "http://127.0.0.1:9/webhook") as sandbox:
        yield sandbox, folder


@pytest.fixture
def world(offering: Offering, tunde: Person, _own_paystack: tuple[Sandbox, Path]) -> Iterator[World]:
    """Where all is well, yet."""
    sandbox, folder = _own_paystack
    empty(folder / "sandbox.sqlite3")
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, horizon_days=365, minimum_notice_hours=0)
    url, settings.OLUKO_PAYSTACK_URL = settings.OLUKO_PAYSTACK_URL, sandbox.url
    paystack.cache_clear()
    yield World(sandbox, folder, offering)
    settings.OLUKO_PAYSTACK_URL = url
    paystack.cache_clear()


def empty(books: Path) -> None:
    """Paystack has never heard of anything."""
    with closing(sqlite3.connect(books, timeout=10)) as db, db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if not table.startswith("sqlite_"):
                db.execute(f"DELETE FROM {table}")
