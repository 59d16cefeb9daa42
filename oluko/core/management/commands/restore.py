"""`oluko restore FILE`: the state of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from oluko.core.backup import BackupError
from oluko.core.restore import restore_backup


class Command(BaseCommand):
    help = "Makes this installation what it was when FILE was written. Oluko must not be running."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="lose what is in the database now")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            manifest = restore_backup(file.absolute(), replace=replace)
        except BackupError as problem:
            raise CommandError(str(problem)) from problem
        except (OSError, Error) as problem:
            raise CommandError(f"the restore failed: {' '.join(str(problem).split())}") from problem
        rows = sum(manifest.rows.values())
        self.stdout.write(f"{rows} rows as of {manifest.made_at}; the next start reconciles payments first.")
