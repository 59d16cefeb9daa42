"""`oluko serve [--host H] [--port N]`: everything that runs, until SIGTERM."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, load_command_class
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, OperationalError, connection, connections
from django.urls import get_resolver

from oluko import startup, supervisor, web_server
from oluko.supervisor import Address, CannotServe, Child


class Command(BaseCommand):
    help = "Migrates, then serves with its workers and, without a Paystack key, the sandbox."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        supervisor.add_arguments(parser)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        address = Address(host, port)
        try:
            supervisor.refuse_taken_ports(address, sandbox=settings.OLUKO_SANDBOX)
            with supervisor.hold_data(Path(settings.OLUKO_DATA)):
                _prepare()
                _load()
                sandbox = _sandbox(address) if settings.OLUKO_SANDBOX else None
                supervisor.Supervisor(address, _children(address), sandbox).run()
        except CannotServe as problem:
            raise CommandError(str(problem)) from None


def _prepare() -> None:
    try:
        startup.prepare()
    except KeyboardInterrupt:
        raise CannotServe("stopped before it was ready.") from None
    except OperationalError as problem:
        raise CannotServe(f"the database cannot be used: {' '.join(str(problem).split())}.") from problem
    except (Error, OSError, ValueError, CommandError) as problem:
        raise CannotServe(f"the start failed: {' '.join(str(problem).split())}") from problem
    finally:
        connections.close_all()
        if connection.vendor == "postgresql":
            # The pool has threads, which no copy of this process would have.
            connection.close_pool()  # type: ignore[attr-defined]


def _load() -> None:
    """Load what every process needs before there are any; they share it."""
    import_module("oluko.wsgi")
    _ = get_resolver().url_patterns
    load_command_class("oluko.jobs", "run_worker")
    gc.freeze()


def _children(address: Address) -> list[Child]:
    return [
        Child("the web server", partial(web_server.serve, address.host, address.port)),
        Child("the urgent worker", partial(call_command, "run_worker", queue="urgent")),
        Child("the outside worker", partial(call_command, "run_worker", queue="outside")),
    ]


def _sandbox(address: Address) -> Child:
    """A program of its own, which shares nothing. Its secrets go by the environment, which no process list shows."""
    options = {
        "host": address.host,
        "port": str(address.port + 1),
        "data": str(settings.OLUKO_DATA),
        "webhook-url": f"{address.url}/api/webhooks/paystack",
        "public-url": settings.OLUKO_SANDBOX_URL,
    }
    secrets = {"SANDBOX_PAYSTACK_KEY": settings.OLUKO_PAYSTACK_SECRET_KEY}
    if settings.OLUKO_ZOOM_STANDS_IN:
        secrets |= {
            "SANDBOX_ZOOM_ACCOUNT_ID": settings.OLUKO_ZOOM_ACCOUNT_ID,
            "SANDBOX_ZOOM_CLIENT_ID": settings.OLUKO_ZOOM_CLIENT_ID,
            "SANDBOX_ZOOM_CLIENT_SECRET": settings.OLUKO_ZOOM_CLIENT_SECRET,
            "SANDBOX_ZOOM_SDK_SECRET": settings.OLUKO_ZOOM_SDK_SECRET,
        }
    words = [sys.executable, "-m", "sandbox", *(word for pair in options.items() for word in (f"--{pair[0]}", pair[1]))]
    return Child("the sandbox", partial(os.execve, sys.executable, words, os.environ | secrets))
