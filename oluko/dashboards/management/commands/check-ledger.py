# ruff: noqa: N999  (the command is called so)
"""`oluko check-ledger`: is everything true that must never be false?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from oluko.dashboards.invariants import sums, violations


class Command(BaseCommand):
    help = "Check the books and the calendars: one line of sums (minor units) and exit 0, or what is off and exit 1."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        off = violations()
        if off:
            self.stdout.write("\n".join(off))
            sys.exit(1)
        self.stdout.write("ok " + " ".join(f"{name}={value}" for name, value in sums().items()))
