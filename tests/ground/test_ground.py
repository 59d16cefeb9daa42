"""What the other tests stand on."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from django.conf import settings

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.ledger.models import AuditEntry
from tests.databases import Copy
from tests.racing import run_threads

CLOCK_OF_ANOTHER_PROCESS = "import django; django.setup(); from oluko.core import clock; print(clock.iso(clock.now()))"
PEOPLE_OF_ANOTHER_PROCESS = (
    "import django; django.setup(); from oluko.accounts.models import Person; print(Person.objects.count())"
)


def another_process(code: str, copy: Copy) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], env=copy.env, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_cast_lives_in_its_test_alone(ada: Person, tunde: Person) -> None:
    assert Person.objects.count() == 2


def test_copy_is_shared_with_threads_and_processes(database_copy: Copy, ada: Person, bola: Person) -> None:
    def rename(number: int) -> int:
        return Person.objects.filter(pk=ada.pk, name="Ada Obi").update(name=f"Ada {number}")

    results, errors = run_threads(8, rename)
    assert (sorted(results), errors) == ([0, 0, 0, 0, 0, 0, 0, 1], [])
    assert another_process(PEOPLE_OF_ANOTHER_PROCESS, database_copy) == "2"


def test_copies_start_empty(database_copy: Copy) -> None:
    assert not Person.objects.exists()


def test_thread_errors_are_handed_over(database_copy: Copy) -> None:
    results, errors = run_threads(2, lambda number: 1 // number)
    assert results == [1]
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_frozen_time_is_seen_by_other_processes(database_copy: Copy, frozen) -> None:
    wanted = frozen(datetime(2030, 1, 1, 12, tzinfo=UTC))
    frozen.advance(timedelta(hours=2))
    seen = datetime.fromisoformat(another_process(CLOCK_OF_ANOTHER_PROCESS, database_copy))
    assert timedelta(hours=2) <= seen - wanted < timedelta(hours=2, minutes=1)


def test_time_is_real_again_afterwards() -> None:
    assert clock.offset() == timedelta(0)
    assert str(settings.OLUKO_DATA).startswith("/")


def test_flush_empties_tables_that_forbid_it(transactional_db: None, ada: Person) -> None:
    AuditEntry.objects.create(subject="booking", subject_id="1", to_state="SCHEDULED", at=clock.now())


def test_nothing_is_left_by_the_flush(db: None) -> None:
    assert not AuditEntry.objects.exists()
    assert not Person.objects.exists()
