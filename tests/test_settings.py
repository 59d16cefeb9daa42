"""Wrong settings stop the start with one clear line; right ones need none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk_test_0123456789"


def oluko(data: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    dropped = ("OLUKO_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return subprocess.run(
        [sys.executable, "-m", "oluko", *words],
        cwd=ROOT,
        env=clean | {"OLUKO_DATA": str(data)} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"OLUKO_PAYSTACK_SECRET_KEY": ""}, "OLUKO_PAYSTACK_SECRET_KEY"),
        ({"OLUKO_PAYSTACK_SECRET_KEY": "  "}, "OLUKO_PAYSTACK_SECRET_KEY"),
        ({"OLUKO_PAYSTACK_SECRET_KEY": "pk_test_public"}, "sk_test_ or sk_live_"),
        ({"OLUKO_PAYSTACK_SECRET_KEY": "sk_live_1", "OLUKO_BASE_URL": "http://a.test"}, "https"),
        ({"OLUKO_PAYSTACK_URL": "paystack"}, "OLUKO_PAYSTACK_URL"),
        ({"OLUKO_SECRET_KEY": ""}, "OLUKO_SECRET_KEY"),
        ({"OLUKO_SECRET_KEY": "short"}, "32 characters"),
        ({"OLUKO_BASE_URL": "oluko.example"}, "OLUKO_BASE_URL"),
        ({"OLUKO_PAYSTACK_SECRET_KEY": KEY, "OLUKO_STOP_FILE": "/tmp/stop"}, "OLUKO_STOP_FILE"),
        ({"OLUKO_EMAIL_URL": "carrier-pigeon://x"}, "OLUKO_EMAIL_URL"),
        ({"OLUKO_ZOOM_CLIENT_ID": "alone"}, "OLUKO_ZOOM_ACCOUNT_ID"),
        ({"OLUKO_ZOOM_WEBHOOK_SECRET": ""}, "OLUKO_ZOOM_WEBHOOK_SECRET"),
        ({"OLUKO_STUN_URLS": "turn:a.test"}, "stun:turn.example.org"),
        ({"OLUKO_TURN_URLS": "turn:a.test"}, "OLUKO_TURN_SECRET"),
        ({"OLUKO_ICE_RELAY_ONLY": "1"}, "OLUKO_TURN_URLS"),
        ({"OLUKO_TUTOR_SHARE_BPS": "70%"}, "OLUKO_TUTOR_SHARE_BPS"),
        ({"OLUKO_LOG_LEVEL": "LOUD"}, "OLUKO_LOG_LEVEL"),
        ({"DATABASE_URL": "mysql://a@b/c"}, "DATABASE_URL"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"OLUKO_DATA": "/proc/oluko"}, "OLUKO_DATA"),
    ],
    ids=str,
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    # A command that needs no database, and one that Django would run without settings.
    done = oluko(tmp_path, "version", **settings)

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert named in done.stderr


def test_no_secret_is_repeated_in_the_refusal(tmp_path: Path) -> None:
    done = oluko(tmp_path, "version", OLUKO_PAYSTACK_SECRET_KEY="pk_live_confidential")
    assert done.returncode == 2
    assert "confidential" not in done.stderr


def test_it_runs_with_nothing_set_and_makes_secrets_of_its_own(tmp_path: Path) -> None:
    done = oluko(tmp_path, "check")
    assert done.returncode == 0, done.stderr
    for name in ("secret-key", "sandbox-key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        assert len((tmp_path / name).read_text()) >= 32


def test_an_emptied_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch()
    done = oluko(tmp_path, "version")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_any_django_command_works_and_a_refusal_is_one_line(tmp_path: Path) -> None:
    assert oluko(tmp_path, "diffsettings").returncode == 0
    done = oluko(tmp_path, "migrate", "no_such_app")
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: ")
    assert "Traceback" not in done.stderr


def test_the_clock_stands_still_beside_a_paystack_key(tmp_path: Path) -> None:
    for words in (["clock"], ["clock", "advance", "73h"], ["clock", "reset"]):
        done = oluko(tmp_path, *words, OLUKO_PAYSTACK_SECRET_KEY=KEY)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "clock").exists()
