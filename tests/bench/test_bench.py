"""That measuring itself works, at sizes that measure nothing."""

import os
import subprocess
import sys

import pytest

from tests.serving import ROOT

COLUMNS = 9


@pytest.mark.bench
def test_bench_measures_every_read_beside_the_bare_server() -> None:
    sizes = ["--offerings", "300", "--seconds", "0.3", "--warm-up", "0.1", "--payments", "40", "--burst", "20"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *sizes], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    engines = 2 if os.environ.get("DATABASE_URL", "").startswith("postgres") else 1
    lines = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert {len(line) for line in lines} == {COLUMNS}
    assert len(lines) == 6 * (engines + 1)
    assert all(float(line[2].replace(",", "")) > 0 for line in lines)
    for figure in ("finalized as a function", "acknowledged over HTTP", "drained by one worker"):
        assert sum(figure in line for line in done.stdout.splitlines()) == engines
