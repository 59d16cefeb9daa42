"""Every named step lies on some path, once, and nothing is stopped without a file that says so."""

from __future__ import annotations

import multiprocessing
import re
import signal
from collections import Counter
from pathlib import Path

from django.test import override_settings

from oluko.core.steps import Step, reached

ROOT = Path(__file__).resolve().parent.parent.parent
FORKED = multiprocessing.get_context("fork")


def test_every_step_is_reached_in_one_place_and_every_place_names_a_step() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "oluko").rglob("*.py"))
    places = Counter(re.findall(r"^ +reached\((.*)\)$", code, re.MULTILINE))
    assert places == {f"Step.{step.name}": 1 for step in Step}


def end_of_a_process_at(step: Step) -> int | None:
    process = FORKED.Process(target=reached, args=(step,))
    process.start()
    process.join(20)
    return process.exitcode


def test_the_first_process_at_the_named_step_is_killed_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "stop"
    with override_settings(OLUKO_STOP_FILE=str(file)):
        assert end_of_a_process_at(Step.REFUND_SENT) == 0
        file.write_text("refund-sent\n")
        assert end_of_a_process_at(Step.REFUND_CLAIMED) == 0
        assert end_of_a_process_at(Step.REFUND_SENT) == -signal.SIGKILL
        assert not file.exists()
        assert end_of_a_process_at(Step.REFUND_SENT) == 0


def test_nothing_is_stopped_without_the_setting() -> None:
    reached(Step.REFUND_SENT)
