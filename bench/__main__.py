"""`make bench`: requests a second and waits of the public reads, on SQLite and PostgreSQL, beside a bare server.

Prints a table in Markdown. PostgreSQL is the server that DATABASE_URL names; without it SQLite is measured alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import django

from bench.bare import Answer, save_answers
from bench.inside import run_inside
from bench.load import Plan, Result, put_load
from bench.machine import DISTURBED, busy_share, load_average, name_cores
from bench.money import measure_money
from bench.sites import Environment, fetch, new_site, served, temporary_folder

BARE = "bare server"
BELL = "The bell, signed in, unchanged (304)"
# So many signed-in people, each asking every ten seconds.
PEOPLE, EVERY_SECONDS = 1000, 10
# From this share of a core on, the load is what limits, and a figure is a lower bound.
LOAD_LIMITS = 0.9
HEAD = "| Read | On | Requests a second | p50 ms | p99 ms | Of bare | Load's core | Others before | Load average |"


@dataclass(frozen=True)
class Options:
    offerings: int
    connections: int
    warm_up: float
    seconds: float
    payments: int
    burst: int


@dataclass(frozen=True)
class Case:
    """One read: its name in the table, its address, and whether the reader has its answer already."""

    name: str
    path: str
    conditional: bool = False
    session: str = ""


@dataclass(frozen=True)
class Measured:
    """A line of the table; `busy` is the share of the machine that others used just before."""

    name: str
    on: str
    answer: Answer
    result: Result
    busy: float
    average: float


def main() -> None:
    options = _options()
    # SIGTERM unwinds as an error does, so that servers end and folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = os.environ.get("DATABASE_URL", "")
    databases = {"SQLite": "", **({"PostgreSQL": server} if server.startswith("postgres") else {})}
    measured: list[Measured] = []
    month, free, money = 0.0, {}, {}
    for name, address in databases.items():
        with new_site(address) as environment:
            month = month or run_inside(environment, "month")
            measured += _measure_site(name, environment, options)
            # Last, because it fills calendars.
            free[name] = run_inside(environment, "free_times")
        money[name] = list(_measure_money(name, address, options))
    measured += _measure_bare(measured, options)
    print("\n".join([*_report(measured, options), *_report_free_times(month, free), *_report_money(money)]))


def _options() -> Options:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("--offerings", type=int, default=100_000)
    arguments.add_argument("--connections", type=int, default=24)
    arguments.add_argument("--warm-up", type=float, default=2.0, help="seconds")
    arguments.add_argument("--seconds", type=float, default=8.0, help="of each case")
    arguments.add_argument("--payments", type=int, default=4000, help="finalized as a function")
    arguments.add_argument("--burst", type=int, default=2000, help="of webhooks, drained by a worker")
    return Options(**vars(arguments.parse_args()))


def _measure_site(name: str, environment: Environment, options: Options) -> Iterator[Measured]:
    began = time.monotonic()
    facts = run_inside(environment, "fill", str(options.offerings))
    _say(f"{name}: {options.offerings:,} offerings made in {time.monotonic() - began:.0f} s")
    with served(environment) as port:
        for case in _cases(facts["course"], facts["cursor"], facts["session"]):
            headers = {"Cookie": f"sessionid={case.session}"} if case.session else {}
            if case.conditional:
                headers["If-None-Match"] = dict(fetch(port, case.path, headers).headers)["etag"]
            yield _measure(case.name, name, port, case.path, headers, options)


def _cases(course: str, cursor: str, session: str) -> list[Case]:
    suggestions = f"/api/mentorship/suggestions?courseId={course}"
    return [
        Case("Suggestions of a course", suggestions),
        Case("Suggestions, unchanged (304)", suggestions, conditional=True),
        Case("Offerings, first page", "/api/mentorship/offerings"),
        Case("Offerings, first page, unchanged (304)", "/api/mentorship/offerings", conditional=True),
        Case("Offerings, page in the middle", f"/api/mentorship/offerings?cursor={cursor}"),
        Case("Marketplace, HTML page", "/mentorship"),
        Case(BELL, "/notifications/bell?after=100", conditional=True, session=session),
        Case("Notifications by the API, unchanged (304)", "/api/notifications", conditional=True, session=session),
    ]


def _measure_bare(measured: list[Measured], options: Options) -> list[Measured]:
    """Each answer once more, by an application that computes nothing; those of the first database stand for both."""
    answers = {one.name: one.answer for one in reversed(measured)}
    names = list(dict.fromkeys(one.name for one in measured))
    with temporary_folder() as folder:
        save_answers(folder / "answers.json", [answers[name] for name in names])
        environment = os.environ | {"BENCH_ANSWERS": str(folder / "answers.json")}
        with served(environment, application="bench.bare:application") as port:
            return [_measure(name, BARE, port, f"/{number}", {}, options) for number, name in enumerate(names)]


def _measure(name: str, on: str, port: int, path: str, headers: dict[str, str], options: Options) -> Measured:
    answer = fetch(port, path, headers)
    status = int(answer.status[:3])
    if status != (304 if "304" in name else 200):
        raise SystemExit(f"{name}: {answer.status} {answer.body[:300]!r}")
    busy, average = busy_share(), load_average()
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n"
    result = put_load(Plan(port, request, status, options.connections, options.warm_up, options.seconds))
    _say(f"{on}, {name}: {result.rate:,.0f} requests/s (load average {average:.1f}, others {busy:.0%})")
    return Measured(name, on, answer, result, busy, average)


def _report(measured: list[Measured], options: Options) -> Iterator[str]:
    bare = {one.name: one.result.rate for one in measured if one.on == BARE}
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {name_cores()}, shared by load, server and database; Python "
        f"{platform.python_version()}, Django {django.__version__}; {options.offerings:,} offerings, "
        f"{options.connections} connections, {options.seconds:g} s each after {options.warm_up:g} s."
    )
    yield ""
    yield HEAD
    yield "|---|---|" + "--:|" * (HEAD.count("|") - 3)
    for one in sorted(measured, key=lambda one: list(bare).index(one.name)):
        result, share = one.result, one.result.rate / bare[one.name] if bare[one.name] else 0.0
        limited = " (limits)" if result.cpu >= LOAD_LIMITS else ""
        yield (
            f"| {one.name}, {_size(one.answer)} | {one.on} | {result.rate:,.0f} | {result.p50:.1f} | {result.p99:.1f} "
            f"| {share:.2f} | {result.cpu:.0%}{limited} | {one.busy:.0%} | {one.average:.1f} |"
        )
    yield ""
    for one in measured:
        if one.name == BELL and one.on != BARE:
            share = PEOPLE / EVERY_SECONDS / one.result.rate
            yield f"{one.on}: {PEOPLE:,} people who ask every {EVERY_SECONDS} s take {share:.0%} of the cores."
    yield ""
    if disturbed := [one for one in measured if one.busy > DISTURBED]:
        yield f"Disturbed: others used the machine before {len(disturbed)} of {len(measured)} measurements."


def _report_free_times(month: float, free: dict[str, dict[str, tuple[float, int]]]) -> Iterator[str]:
    yield f"A month of bookable times of a tutor with 500 bookings, computed from what was read: {month:.2f} ms."
    for on, figures in free.items():
        for question, (wait, queries) in figures.items():
            yield f"{on}, {question}: {wait:.1f} ms, {queries} queries."


def _measure_money(name: str, address: str, options: Options) -> Iterator[str]:
    for line in measure_money(
        address,
        payments=options.payments,
        burst=options.burst,
        warm_up=options.warm_up,
        seconds=options.seconds,
    ):
        _say(f"{name}: {line} (load average {load_average():.1f})")
        yield line


def _report_money(money: dict[str, list[str]]) -> Iterator[str]:
    for on, lines in money.items():
        yield from (f"{on}: {line}" for line in lines)


def _size(answer: Answer) -> str:
    return f"{len(answer.body) / 1000:.1f} kB"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
