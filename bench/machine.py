"""What the figures were taken on, and whether others were using it at that time."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

# Above this share of the machine, what others do shows in the figures.
DISTURBED = 0.15
LOOK_SECONDS = 1.0


def name_cores() -> str:
    """Such as "2 cores of AMD EPYC"; the kind of processor is left out where the system does not say it."""
    cores = os.cpu_count() or 1
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    kind = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{cores} {'core' if cores == 1 else 'cores'} of {kind or platform.machine()}"


def load_average() -> float:
    """Of the last minute; what was measured a moment ago is part of it."""
    return os.getloadavg()[0]


def busy_share() -> float:
    """How much of the machine others use, while we use nothing for a second; 0 where the system does not say it."""
    before = _ticks()
    time.sleep(LOOK_SECONDS)
    (busy, whole), (busy_before, whole_before) = _ticks(), before
    return (busy - busy_before) / (whole - whole_before) if whole > whole_before else 0.0


def _ticks() -> tuple[int, int]:
    """Of all cores since the start of the system: busy, and busy or idle."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)
