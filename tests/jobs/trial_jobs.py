"""Jobs that do nothing but leave a trace, for the tests of what runs jobs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.core.exceptions import ObjectDoesNotExist
from django.tasks import task
from django.utils import timezone

from oluko.core.logs import current_request_id
from oluko.jobs.backend import Job
from oluko.jobs.groups import done_together
from oluko.jobs.retry import GiveUp, NotYet


def leave_trace(text: str) -> None:
    """Append one line to the file that TRIAL_FILE names, whole even when several processes do."""
    file = os.open(os.environ["TRIAL_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{text}\n".encode())
    finally:
        os.close(file)


def traces(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


@task(queue_name="outside")
def note(name: str) -> None:
    leave_trace(name)


@task(queue_name="outside")
def note_after_a_moment(name: str) -> None:
    time.sleep(0.02)
    leave_trace(name)


@task(queue_name="outside")
def note_request() -> None:
    leave_trace(current_request_id())


@task(queue_name="outside")
def fail(name: str) -> None:
    leave_trace(name)
    raise ObjectDoesNotExist(name)


@task(queue_name="outside")
def hopeless() -> None:
    raise GiveUp("no repetition helps")


@task(queue_name="outside")
def wait_until(instant: str) -> None:
    leave_trace("looked")
    if timezone.now() < datetime.fromisoformat(instant):
        raise NotYet("too early", datetime.fromisoformat(instant))


@task(queue_name="outside")
def note_with_others(name: str) -> None:
    leave_trace(name)


@done_together(note_with_others)
def note_together(jobs: Sequence[Job]) -> list[Exception | None]:
    """One line for all; whose name begins with `bad` has failed, and with `worst` among them all have."""
    names = [job.args[0] for job in jobs]
    leave_trace("+".join(f"{job.args[0]}/{job.request_id}" for job in jobs))
    if any(name.startswith("worst") for name in names):
        raise ObjectDoesNotExist("worst")
    if any(name.startswith("slow") for name in names):
        time.sleep(60)
    return [ObjectDoesNotExist(name) if name.startswith("bad") else None for name in names]


@task(queue_name="outside")
def linger(name: str) -> None:
    """Takes long, and does not let go for an ordinary exception."""
    leave_trace(f"{name}-begun")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(1)
        except Exception:  # noqa: BLE001
            continue
    leave_trace(f"{name}-done")
