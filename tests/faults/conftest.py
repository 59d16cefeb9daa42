"""Each failure at a tenth of its figure in every run, and at the full figure by `make faults`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.databases import Copy
from tests.payments.conftest import _sandbox, sandbox
from tests.ports import free_port
from tests.serving import Site

__all__ = ["_sandbox", "sandbox"]


@pytest.fixture(params=[pytest.param(1, id="tenth"), pytest.param(10, id="full", marks=pytest.mark.faults)])
def scale(request: pytest.FixtureRequest) -> int:
    """1 for a tenth of the figure, 10 for all of it."""
    return int(request.param)


@pytest.fixture
def served(database_copy: Copy) -> Iterator[Site]:
    """A served Oluko on the test's own copy of the database: two web processes, two workers, its sandbox."""
    port = free_port(1)
    env = database_copy.env | {"OLUKO_BASE_URL": f"http://127.0.0.1:{port}"}
    site = Site(Path(settings.OLUKO_DATA), port, env)
    site.start()
    yield site
    site.stop()
