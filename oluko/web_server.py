"""The web server of `oluko serve`: granian, with two processes of four threads each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels

from oluko.tied import tie_to_parent

APPLICATION = "oluko.wsgi:application"
PROCESSES, THREADS = 2, 4
# A thread that has its turn to write waits after each of its statements until the others let it go on. With Python's
# own 5 ms nobody could write for most of the time.
_SWITCH_SECONDS = 0.0005


def serve(host: str, port: int, application: str = APPLICATION) -> None:
    """Answer until SIGTERM. What is loaded before this call, all of its processes share."""
    # A connection that idles counts as pressure, so that limit is far above the threads.
    server = Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=PROCESSES,
        blocking_threads=THREADS,
        backlog=1024,
        backpressure=512,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=3,
        log_level=LogLevels.warning,
        process_name="oluko web server",
    )
    try:
        server.serve(target_loader=partial(_load, application, os.getpid()), wrap_loader=False)
    except FatalError:
        # It has said why.
        sys.exit(1)


def _load(application: str, server: int) -> Callable[..., Any]:
    """What a process of the server, just started, is to call."""
    tie_to_parent(server)
    sys.setswitchinterval(_SWITCH_SECONDS)
    module, _, name = application.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), name)
    return loaded
