"""`oluko run_worker --queue urgent`: does jobs until SIGTERM."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from oluko.jobs.health import QUEUES
from oluko.jobs.limits import Limits
from oluko.jobs.worker import Worker


class Command(BaseCommand):
    help = "Does the jobs of one queue until it is told to stop; the urgent one runs recurring jobs too."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", choices=QUEUES, required=True)

    def handle(self, *args: Any, queue: str, **options: Any) -> None:
        limits = Limits()
        limits.install()
        Worker(queue, limits=limits, recurring=queue == "urgent").run()
        # Threads of a gateway that still waits for an answer would hold the process up beyond its three seconds.
        logging.shutdown()
        sys.stderr.flush()
        os._exit(0)
