"""`oluko backup FILE`: the whole state in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from oluko.core.backup import BackupError, write_backup


class Command(BaseCommand):
    help = "Writes the database, uploads and secrets to FILE (tar.gz, for its owner's eyes alone). Serving may go on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            manifest = write_backup(file.absolute())
        except (BackupError, OSError, Error) as problem:
            raise CommandError(f"no backup was made: {' '.join(str(problem).split())}") from problem
        self.stdout.write(f"{sum(manifest.rows.values())} rows, {len(manifest.digests)} files: {file}")
