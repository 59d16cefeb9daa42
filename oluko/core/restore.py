"""Puts a backup back: everything is checked first, and the old state stays until the new one is whole."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.models import BinaryField, Field, Model

from oluko.core.backup import (
    FILES,
    ROWS,
    BackupError,
    Manifest,
    backed_up_models,
    read_manifest,
    schema_of_code,
    site_mode,
    stored_fields,
)

#: Left in the data folder by a restore: payments are to be reconciled with Paystack before anything else. It holds
#: the instant of the restore; whoever has reconciled deletes it.
FLAG = "restored"
_BATCH = 500


def restore_backup(path: Path, *, replace: bool) -> Manifest:
    """Make this installation what it was when `path` was written.

    Raises BackupError, with nothing changed, if the backup is damaged, of another version or mode, if there are
    people in the database and `replace` is False, or if Oluko is running on this data folder.
    """
    manifest = read_manifest(path)
    _check_fits(manifest)
    data = Path(settings.OLUKO_DATA)
    with _nobody_serving(data), tarfile.open(path, "r:gz") as archive:
        if not replace and not _is_empty():
            raise BackupError("there are people in this database; add --replace to lose what is there.")
        fresh = _extract_files(archive, data)
        (data / FLAG).write_text(datetime.now(UTC).isoformat())
        if connection.vendor == "postgresql":
            _refill_postgresql(archive, manifest)
        else:
            _refill_sqlite(archive, manifest)
        _swap_files(fresh, data)
    return manifest


def _check_fits(manifest: Manifest) -> None:
    if manifest.mode != site_mode():
        raise BackupError(f"this is a backup of a {manifest.mode} site, and this site is in {site_mode()} mode.")
    ours = schema_of_code()
    if manifest.schema != ours:
        other = min(set(manifest.schema) ^ set(ours))
        raise BackupError(
            f"this is a backup of another version of Oluko (they differ in {other}); restore it with that version, "
            "then upgrade."
        )


@contextmanager
def _nobody_serving(data: Path) -> Iterator[None]:
    with (data / "serve.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Oluko is running on {data}; stop it first.") from None
        yield


def _is_empty() -> bool:
    people = get_user_model()
    if people._meta.db_table not in connection.introspection.table_names():
        return True
    return not people._base_manager.exists()


def _refill_postgresql(archive: tarfile.TarFile, manifest: Manifest) -> None:
    """Drop, migrate and fill in one transaction: until its end everybody else sees the old database."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")
        _refill(archive, manifest)
    connections.close_all()


def _refill_sqlite(archive: tarfile.TarFile, manifest: Manifest) -> None:
    """Build a second file beside the database, then put it in its place by a rename."""
    place = Path(str(connection.settings_dict["NAME"]))
    aside = place.with_name(f"{place.name}.restoring")
    _remove_sqlite(aside)
    connections.close_all()
    connection.settings_dict["NAME"] = str(aside)
    try:
        _refill(archive, manifest)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = str(place)
    _remove_sqlite(place)
    aside.replace(place)


def _remove_sqlite(place: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def _refill(archive: tarfile.TarFile, manifest: Manifest) -> None:
    """Migrate an empty database, then put in every row; foreign keys are checked at the end of the transaction."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    models = {f"{ROWS}{model._meta.db_table}.jsonl": model for model in backed_up_models()}
    with transaction.atomic():
        _defer_constraints()
        for model in models.values():
            _empty(model)
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name in models:
                _insert(models[member.name], content, manifest.rows[models[member.name]._meta.db_table])
        connection.check_constraints()
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
                cursor.execute(statement)
    ContentType.objects.clear_cache()


def _defer_constraints() -> None:
    """Check foreign keys at the end; PostgreSQL's migrations have set theirs to be checked at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _empty(model: type[Model]) -> None:
    """Take out what migrations have put in, such as permissions."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608


def _insert(model: type[Model], content: IO[bytes], expected: int) -> None:
    """Insert the rows of one table as they were; `save` would write its own idea of when they were made."""
    names = json.loads(content.readline())
    by_name = {column.attname: column for column in stored_fields(model)}
    fields = [by_name[name] for name in names]
    quoted = ", ".join(connection.ops.quote_name(column.column or "") for column in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {table} ({quoted}) VALUES ({places})"  # noqa: S608
    count = 0
    with connection.cursor() as cursor:
        for lines in batched(content, _BATCH):
            rows = [
                [_stored(column, value) for column, value in zip(fields, json.loads(line), strict=True)]
                for line in lines
            ]
            cursor.executemany(statement, rows)
            count += len(rows)
    if count != expected:
        raise BackupError(f"{model._meta.db_table} has {count} rows in the backup and should have {expected}.")


def _stored(column: Field[Any, Any], value: Any) -> Any:
    """What the database driver takes, of what `backup` has written."""
    if value is None:
        return column.get_db_prep_save(None, connection)
    if isinstance(column, BinaryField):
        return column.get_db_prep_save(bytes.fromhex(value), connection)
    return column.get_db_prep_save(column.to_python(value), connection)


def _extract_files(archive: tarfile.TarFile, data: Path) -> Path:
    """Unpack `files/` into a folder beside the files; their names were checked before."""
    fresh = data / "files.restoring"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for member in archive:
        content = archive.extractfile(member) if member.name.startswith(FILES) else None
        if content is not None:
            target = fresh / member.name.removeprefix(FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                shutil.copyfileobj(content, file)
    return fresh


def _swap_files(fresh: Path, data: Path) -> None:
    """Put the unpacked files in place of the present ones; what the backup does not have goes."""
    uploads = Path(settings.MEDIA_ROOT)
    shutil.rmtree(uploads, ignore_errors=True)
    if (fresh / "uploads").exists():
        (fresh / "uploads").replace(uploads)
    _remove_sqlite(data / "sandbox.sqlite3")
    (data / "clock").unlink(missing_ok=True)
    for path in fresh.iterdir():
        path.replace(data / path.name)
    fresh.rmdir()
