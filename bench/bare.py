"""The floor: an application that computes nothing and returns recorded answers, under the same web server.

`BENCH_ANSWERS` names the JSON file with them: each has an address of its own, `/0`, `/1`, and so on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """One recorded answer; `status` as in "200 OK"."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def save_answers(path: Path, answers: Iterable[Answer]) -> None:
    """Keep the answers for the processes of the bare application."""
    path.write_text(json.dumps([(one.status, one.headers, one.body.decode("latin-1")) for one in answers]))


@cache
def _saved_answers() -> dict[str, Answer]:
    """By address. Not while this module is loaded: the process that is forked into the server has loaded it before."""
    saved = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    return {
        f"/{number}": Answer(status, [(name, value) for name, value in headers], body.encode("latin-1"))
        for number, (status, headers, body) in enumerate(saved)
    }


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """WSGI."""
    answer = _saved_answers().get(environ["PATH_INFO"], Answer("404 Not Found", [], b""))
    start_response(answer.status, answer.headers)
    return [answer.body]
