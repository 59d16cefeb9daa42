"""Real worker processes, and a file where jobs leave their traces."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import Copy

ROOT = Path(__file__).resolve().parent.parent.parent
type StartWorker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def trial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIAL_FILE", str(tmp_path / "trial"))
    return tmp_path / "trial"


@pytest.fixture
def start_worker(database_copy: Copy, trial_file: Path) -> Iterator[StartWorker]:
    """`start_worker("outside")` is a worker process on the copied database."""
    started: list[subprocess.Popen[str]] = []

    def start(queue: str = "outside") -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "oluko", "run_worker", "--queue", queue]
        started.append(subprocess.Popen(command, env=database_copy.env, cwd=ROOT, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], object], seconds: float = 90.0) -> None:
    """Look until it is so; AssertionError if it is not within so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
