"""That measuring itself works, at sizes that measure nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bare import Answer, save_answers
from bench.sites import fetch, served
from tests.serving import ROOT

COLUMNS, READS = 9, 8


def test_the_bare_server_gives_back_what_was_recorded(tmp_path: Path) -> None:
    answers = [Answer("200 OK", [("x-kind", "page")], b"one"), Answer("304 Not Modified", [("etag", '"2"')], b"")]
    save_answers(tmp_path / "answers.json", answers)
    environment = os.environ | {"BENCH_ANSWERS": str(tmp_path / "answers.json")}
    with served(environment, application="bench.bare:application") as port:
        found = [fetch(port, f"/{number}") for number in range(3)]
    assert [(each.status, each.body) for each in found[:2]] == [("200 OK", b"one"), ("304 Not Modified", b"")]
    assert [set(answer.headers) <= set(each.headers) for answer, each in zip(answers, found, strict=False)] == [
        True
    ] * 2
    assert found[2].status == "404 Not Found"


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
    assert len(lines) == READS * (engines + 1)
    assert all(float(line[2].replace(",", "")) > 0 for line in lines)
    for figure in ("finalized as a function", "acknowledged over HTTP", "drained by one worker"):
        assert sum(figure in line for line in done.stdout.splitlines()) == engines
