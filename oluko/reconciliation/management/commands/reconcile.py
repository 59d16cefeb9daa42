"""`oluko reconcile --since 7d`: compare our books with Paystack's lists, now."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oluko.core.errors import Invalid
from oluko.reconciliation.comparison import begin, carry_on
from oluko.reconciliation.findings import open_findings
from oluko.reconciliation.models import Run
from oluko.reconciliation.since import read_since
from oluko.reconciliation.words import sentence_of

SHOWN = 20


class Command(BaseCommand):
    help = "Compare payments, refunds, payouts and disputes with Paystack's; exit 0 when no finding is open, else 1."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", default="7d", help="7d, 48h or a date such as 2026-11-20")

    def handle(self, *args: Any, since: str, **options: Any) -> None:
        try:
            moment = read_since(since)
        except Invalid as problem:
            raise CommandError(problem.message) from None
        run = carry_on(begin(moment, Run.Cause.COMMAND).pk)
        for name in ("payments", "refunds", "payouts", "disputes"):
            self.stdout.write(f"{name:<10}{run.counts.get(name, 0):>8} compared")
        for name, count in (("mended", run.mended), ("found", run.found), ("closed", run.closed)):
            self.stdout.write(f"{name:<10}{count:>8}")
        waiting = list(open_findings())
        for item in waiting[:SHOWN]:
            self.stdout.write(f"open: {item.kind} {item.reference}: {sentence_of(item)}")
        if len(waiting) > SHOWN:
            self.stdout.write(f"… and {len(waiting) - SHOWN} more open findings, in /admin/")
        if run.error:
            self.stdout.write(f"ended early, nothing was closed: {run.error}")
        if waiting or run.error:
            sys.exit(1)
