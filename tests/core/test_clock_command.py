"""`oluko clock`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from oluko.core import clock
from tests.conftest import Frozen


def run(*words: str) -> str:
    output = StringIO()
    call_command("clock", *words, stdout=output)
    return output.getvalue().strip()


def test_it_prints_the_instant_with_z(frozen: Frozen) -> None:
    printed = run()
    assert printed.endswith("Z")
    assert abs(datetime.fromisoformat(printed) - datetime.now(UTC)) < timedelta(seconds=5)


def test_advance_moves_forward_and_reset_puts_back(frozen: Frozen) -> None:
    ahead = datetime.fromisoformat(run("advance", "73h"))
    further = datetime.fromisoformat(run("advance", "1d90m"))
    assert timedelta(hours=72.9) < ahead - datetime.now(UTC) < timedelta(hours=73.1)
    assert timedelta(hours=25.4) < further - ahead < timedelta(hours=25.6)
    assert abs(clock.now() - further) < timedelta(seconds=5)

    assert abs(datetime.fromisoformat(run("reset")) - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "words", [["advance"], ["advance", "soon"], ["advance", "-5h"], ["reset", "5h"], ["advance", "99999d"]]
)
def test_a_wrong_step_is_refused_and_moves_nothing(frozen: Frozen, words: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*words)
    assert clock.offset() == timedelta(0)
