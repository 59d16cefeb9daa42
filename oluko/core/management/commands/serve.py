"""`oluko serve [--host H] [--port N]`: everything that runs, until SIGTERM."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, OperationalError, connections

from oluko import startup, supervisor
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


def _children(address: Address) -> list[Child]:
    environment = dict(os.environ)
    return [
        Child("the web server", supervisor.web_command(address), environment),
        Child("the urgent worker", supervisor.worker_command("urgent"), environment),
        Child("the outside worker", supervisor.worker_command("outside"), environment),
    ]


def _sandbox(address: Address) -> Child:
    """Its secrets go by the environment, which no process list shows."""
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
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child("the sandbox", [sys.executable, "-m", "sandbox", *words], os.environ | secrets)
