"""What has to run with Oluko's settings: `python -m bench.inside fill 100000` prints, as JSON, what `fill.main` gives.

A process of its own for each database, because settings are read once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import django


def run_inside(environment: Mapping[str, str], *words: str) -> Any:
    """Run one of these processes and wait for it; raises CalledProcessError after it has said on stderr why."""
    command = [sys.executable, "-m", "bench.inside", *words]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
    django.setup()
    print(json.dumps(import_module(f"bench.{sys.argv[1]}").main(*sys.argv[2:])))


if __name__ == "__main__":
    main()
