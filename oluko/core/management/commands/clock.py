"""`oluko clock`, `oluko clock advance 73h`, `oluko clock reset`: business time, in sandbox mode."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from oluko.core import clock
from oluko.core.errors import Invalid


class Command(BaseCommand):
    help = "Prints the instant that Oluko holds for now, moves it forward, or puts it back to real time."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("move", nargs="?", choices=("advance", "reset"))
        parser.add_argument("step", nargs="?", help="with advance: 73h, 90m, 2d, 1d12h")

    def handle(self, *args: Any, move: str | None, step: str | None, **options: Any) -> None:
        if not settings.OLUKO_SANDBOX:
            raise CommandError("The clock can be moved in sandbox mode only; a Paystack key is set.")
        if (move == "advance") != (step is not None):
            raise CommandError("Say how far: oluko clock advance 73h. The other forms take no step.")
        try:
            if move == "reset":
                instant = clock.reset()
            else:
                instant = clock.advance(clock.parse_step(step)) if step else clock.now()
        except Invalid as problem:
            raise CommandError(problem.message) from None
        self.stdout.write(clock.iso(instant))
