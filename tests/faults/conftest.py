"""Each failure at a tenth of its figure in every run, and at the full figure by `make faults`."""

from __future__ import annotations

import pytest

from tests.payments.conftest import _sandbox, sandbox

__all__ = ["_sandbox", "sandbox"]


@pytest.fixture(params=[pytest.param(1, id="tenth"), pytest.param(10, id="full", marks=pytest.mark.faults)])
def scale(request: pytest.FixtureRequest) -> int:
    """1 for a tenth of the figure, 10 for all of it."""
    return int(request.param)
