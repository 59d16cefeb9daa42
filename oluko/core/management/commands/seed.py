"""`oluko seed`: the demo data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oluko.core.errors import NotAllowed
from oluko.demo.seed import seed


class Command(BaseCommand):
    help = "Fills an empty database with demo data; run again, it changes nothing. Sandbox mode only."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seeded = seed()
        except NotAllowed as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write("Demo data written." if seeded else "There is data already; nothing was changed.")
