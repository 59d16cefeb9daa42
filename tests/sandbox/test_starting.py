"""Starting and ending the sandbox."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sandbox.conversation import KEY
from tests.sandbox_process import ROOT, Sandbox, run_sandbox

WEBHOOKS = "http://127.0.0.1:9/webhooks"


def start(data: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start it in a way that it refuses, and wait for its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OLUKO_", "SANDBOX_"))}
    right = {"SANDBOX_PAYSTACK_KEY": KEY, "SANDBOX_WEBHOOK_URL": WEBHOOKS, "SANDBOX_PORT": str(free_port())}
    command = [sys.executable, "-m", "sandbox", "--data", str(data)]
    return subprocess.run(
        command, cwd=ROOT, env=clean | right | environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"OLUKO_PAYSTACK_SECRET_KEY": "sk_live_x"}, "OLUKO_PAYSTACK_SECRET_KEY"),
        ({"OLUKO_PAYSTACK_SECRET_KEY": "sk_test_x"}, "OLUKO_PAYSTACK_SECRET_KEY"),
        ({"SANDBOX_PAYSTACK_KEY": ""}, "SANDBOX_PAYSTACK_KEY"),
        ({"SANDBOX_PAYSTACK_KEY": " "}, "SANDBOX_PAYSTACK_KEY"),
        ({"SANDBOX_PAYSTACK_KEY": "sk_live_x"}, "live key"),
        ({"SANDBOX_WEBHOOK_URL": "nowhere"}, "webhook-url"),
        ({"SANDBOX_PORT": "x"}, "port"),
        ({"SANDBOX_REFUND_DELAY": "soon"}, "refund-delay"),
    ],
)
def test_a_start_that_would_be_wrong_is_refused_in_one_line(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    ended = start(tmp_path / "data", environment)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    assert not (tmp_path / "data").exists()


def test_an_empty_live_key_is_none(tmp_path: Path) -> None:
    ended = start(tmp_path, {"OLUKO_PAYSTACK_SECRET_KEY": "", "SANDBOX_PORT": "0"})
    assert "--port" in ended.stderr


def test_a_taken_port_is_refused_in_one_line(tmp_path: Path, sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    ended = start(tmp_path, {"SANDBOX_PORT": str(port)})
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_terminate_ends_it_within_a_second_and_it_starts_again_at_once(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        with run_sandbox(tmp_path, KEY, WEBHOOKS, port=port) as running:
            started = time.monotonic()
            running.stop()
            assert time.monotonic() - started < 1
            assert running.process.returncode == 0


def test_it_imports_nothing_of_the_product() -> None:
    listing = (
        "import sys, sandbox.__main__; print([name for name in sys.modules if name.startswith(('oluko', 'django'))])"
    )
    found = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
