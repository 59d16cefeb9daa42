"""The whole state of Oluko in one file: every row, the uploads, the secrets.

A tar.gz of `rows/TABLE.jsonl`, `files/…` and, last, `manifest.json` with the digest of every other member. Rows are
neutral to the database, so that a backup of either engine is restored into either.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, Model
from django.utils.duration import duration_iso_string

FORMAT = 1
MANIFEST = "manifest.json"
ROWS, FILES = "rows/", "files/"
SANDBOX_STATE = "sandbox.sqlite3"
KEPT_FILES = ("secret-key", "sandbox-key", "vapid-key", "clock")
_BATCH = 2000


class BackupError(Exception):
    """A backup cannot be made or used; the message is one line for the operator."""


@dataclass
class Manifest:
    """What a backup says of itself. `digests`: member to SHA-256; `schema`: every app's last migration, "app.name"."""

    format: int
    mode: str
    made_at: str
    schema: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def write_backup(path: Path) -> Manifest:
    """Write everything to `path`, which appears whole or not at all, readable by its owner alone.

    People may go on working meanwhile: the rows are those of one instant. Raises BackupError or OSError.
    """
    manifest = Manifest(FORMAT, site_mode(), datetime.now(UTC).isoformat(), _applied_schema())
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                _add_rows(archive, manifest)
                _add_files(archive, manifest)
                text = json.dumps(asdict(manifest), indent=1).encode()
                _add(archive, MANIFEST, io.BytesIO(text), len(text))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest, once every member has been found and its digest is right. Raises BackupError; changes nothing."""
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or not _is_safe(member.name):
                    raise BackupError(f"{path} holds '{member.name}', which no backup of Oluko does.")
                if member.name == MANIFEST:
                    manifest = Manifest(**json.load(content))
                else:
                    found[member.name] = _digest(content)
    except (tarfile.TarError, EOFError, ValueError, TypeError, OSError) as problem:
        raise BackupError(f"{path} is not a whole backup: {problem}") from None
    if manifest is None or manifest.format != FORMAT:
        raise BackupError(f"{path} is not a whole backup of this version of Oluko.")
    if found != manifest.digests:
        raise BackupError(f"{path} is damaged: its contents are not those of its manifest.")
    return manifest


def backed_up_models() -> list[type[Model]]:
    """Every model with a table of its own, those between two models included, in a stable order."""
    models = apps.get_models(include_auto_created=True)
    own = [model for model in models if model._meta.managed and not model._meta.proxy and not model._meta.swapped]
    return sorted(own, key=lambda model: model._meta.db_table)


def stored_fields(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns that can be written."""
    return [column for column in model._meta.concrete_fields if not column.generated]


def site_mode() -> str:
    """`sandbox`, `test` or `live`; money of one must never be taken for money of another."""
    if settings.OLUKO_SANDBOX:
        return "sandbox"
    return "live" if settings.OLUKO_LIVE else "test"


def schema_of_code() -> list[str]:
    """The last migration of every app, as "app.name"."""
    return [f"{app}.{name}" for app, name in MigrationLoader(None).graph.leaf_nodes()]


def _applied_schema() -> list[str]:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise BackupError("the database is behind this version of Oluko; run oluko migrate first.")
    return schema_of_code()


@contextmanager
def _one_instant() -> Iterator[None]:
    """A transaction that reads the database as it is now, and keeps no writer waiting on either engine."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    connection.ensure_connection()
    mode = connection.transaction_mode  # type: ignore[attr-defined]
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    try:
        with transaction.atomic(durable=True):
            yield
    finally:
        connection.transaction_mode = mode  # type: ignore[attr-defined]


def _add_rows(archive: tarfile.TarFile, manifest: Manifest) -> None:
    with _one_instant():
        for model in backed_up_models():
            table = model._meta.db_table
            with tempfile.TemporaryFile() as file:
                manifest.rows[table] = _write_rows(model, file)
                _add_digested(archive, manifest, f"{ROWS}{table}.jsonl", file)


def _write_rows(model: type[Model], file: IO[bytes]) -> int:
    """A line with the columns' names, then a line a row; how many rows."""
    names = [column.attname for column in stored_fields(model)]
    file.write(json.dumps(names).encode() + b"\n")
    count = 0
    for row in model._base_manager.order_by("pk").values_list(*names).iterator(_BATCH):
        file.write(json.dumps([_plain(value) for value in row]).encode() + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    """A value of a column as JSON, exact to the microsecond; the field's `to_python` reads it back."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def _add_files(archive: tarfile.TarFile, manifest: Manifest) -> None:
    data = Path(settings.OLUKO_DATA)
    for name in KEPT_FILES:
        if (data / name).is_file():
            _add_path(archive, manifest, f"{FILES}{name}", data / name)
    if (data / SANDBOX_STATE).is_file():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / SANDBOX_STATE
            with closing(sqlite3.connect(data / SANDBOX_STATE)) as state, closing(sqlite3.connect(copy)) as target:
                state.backup(target)
            _add_path(archive, manifest, f"{FILES}{SANDBOX_STATE}", copy)
    uploads = Path(settings.MEDIA_ROOT)
    for path in sorted(uploads.rglob("*")):
        if path.is_file():
            _add_path(archive, manifest, f"{FILES}uploads/{path.relative_to(uploads).as_posix()}", path)


def _add_path(archive: tarfile.TarFile, manifest: Manifest, name: str, path: Path) -> None:
    with path.open("rb") as file:
        _add_digested(archive, manifest, name, file)


def _add_digested(archive: tarfile.TarFile, manifest: Manifest, name: str, file: IO[bytes]) -> None:
    file.seek(0)
    manifest.digests[name] = _digest(file)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    _add(archive, name, file, size)


def _digest(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, file)


def _is_safe(name: str) -> bool:
    """Only what write_backup writes, and nothing that leads out of the data folder."""
    known = name == MANIFEST or name.startswith((ROWS, FILES))
    return known and ".." not in name.split("/") and "\\" not in name and "\0" not in name
