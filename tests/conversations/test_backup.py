"""A conversation and its files are in every backup, byte for byte."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.files import check_file
from oluko.conversations.models import Attachment
from oluko.conversations.threads import send_message
from oluko.core.backup import write_backup
from tests.conversations.conftest import picture
from tests.core.test_backup import Installation, elsewhere

__all__ = ["elsewhere"]

READ = """
import hashlib
from oluko.conversations.models import Attachment
for file in Attachment.objects.order_by("position"):
    print(file.name, hashlib.sha256(bytes(file.content)).hexdigest(), len(bytes(file.preview or b"")))
"""


def test_files_come_back_as_they_were(
    database_copy, paid: Booking, ada: Person, tmp_path: Path, elsewhere: Installation
) -> None:
    files = [check_file("x.png", picture()), check_file("paper.pdf", b"%PDF-1.7 \x00\xff" + bytes(range(256)) * 2000)]
    send_message(ada, paid.pk, "Ẹ káàárọ̀", key=uuid.uuid4(), files=files)
    write_backup(tmp_path / "b.tar.gz")
    restored = elsewhere.oluko("restore", str(tmp_path / "b.tar.gz"))
    assert restored.returncode == 0, restored.stderr

    done = elsewhere.oluko("shell", "--no-imports", "-c", READ)

    wanted = [
        f"{each.name} {hashlib.sha256(bytes(each.content)).hexdigest()} {len(bytes(each.preview or b''))}"
        for each in Attachment.objects.order_by("position")
    ]
    assert len(wanted) == 2
    assert done.stdout.splitlines() == wanted, done.stderr
