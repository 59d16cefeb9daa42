"""Business time: real time, unless the sandbox moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oluko.core import clock
from oluko.core.errors import Invalid


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=5)


def test_now_is_real_aware_utc_time() -> None:
    assert near(clock.now(), datetime.now(UTC))
    assert clock.now().tzinfo is UTC


def test_clock_moves_forward_in_steps_and_comes_back(frozen) -> None:
    clock.advance(timedelta(hours=73))
    clock.advance(timedelta(minutes=90))
    assert near(clock.now(), datetime.now(UTC) + timedelta(hours=74, minutes=30))
    clock.reset()
    assert near(clock.now(), datetime.now(UTC))


@pytest.mark.parametrize(
    ("text", "step"),
    [("73h", timedelta(hours=73)), ("90m", timedelta(minutes=90)), ("2d", timedelta(days=2)), ("5s", timedelta(0, 5))],
)
def test_step_is_read(text: str, step: timedelta) -> None:
    assert clock.parse_step(text) == step


@pytest.mark.parametrize("text", ["", "h", "-5h", "5", "5w", "1e3h", "99999999h", "5h;rm"])
def test_step_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        clock.parse_step(text)


def test_clock_stands_outside_the_sandbox(settings, frozen) -> None:
    clock.advance(timedelta(hours=2))
    settings.OLUKO_SANDBOX = False
    assert near(clock.now(), datetime.now(UTC))
    with pytest.raises(Invalid):
        clock.advance(timedelta(hours=1))
    with pytest.raises(Invalid):
        clock.reset()
