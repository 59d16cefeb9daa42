"""Backup and restore, on the configured database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from oluko.accounts.models import Person
from oluko.core.backup import read_manifest, write_backup
from oluko.ledger.models import Account, Transfer
from oluko.ledger.transfers import Posting, account, post
from oluko.offerings.models import Offering
from oluko.payments.models import ProviderEvent
from tests.databases import Copy, database_url, on_server
from tests.jobs import trial_jobs

ROOT = Path(__file__).resolve().parent.parent.parent


class Installation:
    """Another Oluko with a data folder and an empty database of its own."""

    def __init__(self, data: Path, url: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OLUKO_")}
        self.data = data
        self.env = clean | {"OLUKO_DATA": str(data), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "oluko.settings"}

    def oluko(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "oluko", *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)


@pytest.fixture
def elsewhere(tmp_path: Path, database_copy: Copy) -> Iterator[Installation]:
    data = tmp_path / "elsewhere"
    data.mkdir()
    if connection.vendor == "sqlite":
        yield Installation(data, database_url(str(data / "oluko.sqlite3")))
        return
    name = f"{database_copy.name}_elsewhere"
    on_server(f'CREATE DATABASE "{name}"')
    yield Installation(data, database_url(name))
    on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def life(database_copy: Copy, ada: Person, offering: Offering) -> Iterator[None]:
    """Rows of every awkward kind, and files."""
    with transaction.atomic():
        money = [account(kind, "NGN") for kind in (Account.Kind.PAYSTACK_CLEARING, Account.Kind.PLATFORM_PENDING)]
        posting = Posting("trial", money[0], money[1], 500_000, "trial:1")
        post([posting], at=datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC))
    ProviderEvent.objects.create(provider="paystack", digest="d", body=b"\x00\xff{}")
    trial_jobs.note.enqueue("Ọlúkọ́ ☕")
    photo = Path(settings.MEDIA_ROOT) / "photos" / "a.png"
    photo.parent.mkdir(parents=True, exist_ok=True)
    photo.write_bytes(b"\x89PNG")
    yield
    photo.unlink()


def rows_of(manifest: Any) -> dict[str, str]:
    return {name: digest for name, digest in manifest.digests.items() if name.startswith("rows/")}


def test_everything_comes_back_as_it_was(life: None, elsewhere: Installation, tmp_path: Path) -> None:
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    before = write_backup(first)
    assert first.stat().st_mode & 0o777 == 0o600
    assert before.rows["ledger_transfer"] == 1

    restored = elsewhere.oluko("restore", str(first))
    assert restored.returncode == 0, restored.stderr
    assert (elsewhere.data / "restored").exists(), "the next start reconciles payments"
    again = elsewhere.oluko("backup", str(second))
    assert again.returncode == 0, again.stderr

    assert rows_of(read_manifest(second)) == rows_of(before)
    assert (elsewhere.data / "uploads" / "photos" / "a.png").read_bytes() == b"\x89PNG"
    assert (elsewhere.data / "secret-key").read_text() == (Path(settings.OLUKO_DATA) / "secret-key").read_text()


def test_a_restored_database_goes_on_counting_and_keeps_its_ledger_closed(
    life: None, elsewhere: Installation, tmp_path: Path
) -> None:
    write_backup(tmp_path / "b.tar.gz")
    assert elsewhere.oluko("restore", str(tmp_path / "b.tar.gz")).returncode == 0

    check = """
from django.db import DatabaseError
from oluko.ledger.models import Account, Transfer
Account.objects.create(kind="PAYSTACK_FEES", currency="NGN")
try:
    Transfer.objects.update(amount=1)
except DatabaseError:
    print("closed")
"""
    done = elsewhere.oluko("shell", "--no-imports", "-c", check)
    assert done.stdout.strip() == "closed", done.stderr


def test_a_database_with_people_is_replaced_on_demand_only(life: None, elsewhere: Installation, tmp_path: Path) -> None:
    write_backup(tmp_path / "b.tar.gz")
    assert elsewhere.oluko("restore", str(tmp_path / "b.tar.gz")).returncode == 0

    refused = elsewhere.oluko("restore", str(tmp_path / "b.tar.gz"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: there are people in this database")
    assert len(refused.stderr.splitlines()) == 1

    replaced = elsewhere.oluko("restore", "--replace", str(tmp_path / "b.tar.gz"))
    assert replaced.returncode == 0, replaced.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda manifest, members: members.update({"rows/accounts_person.jsonl": b"[]\n"}), "damaged"),
        (lambda manifest, members: members.pop("files/secret-key"), "damaged"),
        (lambda manifest, members: members.update({"files/../../etc/passwd": b"x"}), "no backup of Oluko"),
        (lambda manifest, members: manifest.update(mode="live"), "live site"),
        (lambda manifest, members: manifest["schema"].append("payments.0099_later"), "payments.0099_later"),
        (lambda manifest, members: manifest.update(format=99), "not a whole backup of this version"),
    ],
    ids=["changed", "incomplete", "leads-out", "other-mode", "other-version", "other-format"],
)
def test_a_backup_that_does_not_fit_is_refused_before_anything_is_touched(
    life: None, tmp_path: Path, change: Any, said: str
) -> None:
    write_backup(tmp_path / "good.tar.gz")
    rewrite(tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz", change)

    with pytest.raises(CommandError, match=said):
        call_command("restore", str(tmp_path / "bad.tar.gz"), "--replace")

    assert Person.objects.exists()
    assert Transfer.objects.exists()
    assert not (Path(settings.OLUKO_DATA) / "restored").exists()


@pytest.mark.parametrize("kept", [0, 100, 4000])
def test_a_truncated_file_is_refused(life: None, tmp_path: Path, kept: int) -> None:
    write_backup(tmp_path / "b.tar.gz")
    (tmp_path / "b.tar.gz").write_bytes((tmp_path / "b.tar.gz").read_bytes()[:kept])

    with pytest.raises(CommandError, match="not a whole backup"):
        call_command("restore", str(tmp_path / "b.tar.gz"), "--replace")


def test_a_restore_that_fails_leaves_the_old_state(life: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_backup(tmp_path / "b.tar.gz")
    Person.objects.create(email="later@demo.test", name="Later")

    def fail(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("oluko.core.restore._insert", fail)
    with pytest.raises(CommandError, match="No space left"):
        call_command("restore", str(tmp_path / "b.tar.gz"), "--replace")
    (Path(settings.OLUKO_DATA) / "restored").unlink()

    assert Person.objects.filter(email="later@demo.test").exists()


def test_nothing_is_restored_under_a_running_site(life: None, tmp_path: Path) -> None:
    from oluko.supervisor import hold_data

    write_backup(tmp_path / "b.tar.gz")
    with (
        hold_data(Path(settings.OLUKO_DATA)),
        pytest.raises(CommandError, match="stop it first"),
    ):
        call_command("restore", str(tmp_path / "b.tar.gz"), "--replace")


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(life: None, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(CommandError, match="no backup was made"):
        call_command("backup", str(tmp_path / "taken"))
    with pytest.raises(CommandError, match="no backup was made"):
        call_command("backup", str(tmp_path / "absent" / "b.tar.gz"))

    assert not list(tmp_path.glob(".taken*"))


def test_a_backup_keeps_no_writer_waiting(life: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is written half-way through is not in it, and is written at once."""
    from oluko.core import backup
    from tests.racing import run_threads

    plain = backup._write_rows
    written: list[int] = []

    def write_rows(model: Any, file: Any) -> int:
        if not written:
            plain(model, file)
            file.seek(0)
            file.truncate()
            written.append(1)
            _, errors = run_threads(1, lambda _: Person.objects.create(email="meanwhile@demo.test", name="M") and None)
            assert not errors
        return plain(model, file)

    monkeypatch.setattr(backup, "_write_rows", write_rows)
    before = Person.objects.count()

    manifest = write_backup(tmp_path / "b.tar.gz")

    assert manifest.rows["accounts_person"] == before
    assert Person.objects.count() == before + 1


def rewrite(source: Path, target: Path, change: Any) -> None:
    """Copy a backup with a change to its manifest or to its members."""
    with tarfile.open(source) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    members["manifest.json"] = json.dumps(manifest).encode()
    folder = target.with_suffix(".d")
    folder.mkdir()
    with tarfile.open(target, "w:gz") as archive:
        for number, (name, content) in enumerate(members.items()):
            (folder / str(number)).write_bytes(content)
            archive.add(folder / str(number), arcname=name)
