"""A TURN server of one's own: Debian's coturn on this machine, with a secret as a real one has it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

SECRET = "a-secret-of-one-test"
START_SECONDS = 20.0


@dataclass
class Turn:
    """A running TURN server on loopback."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What the site is told of it; everything has to go through it."""
        return {
            "OLUKO_TURN_URLS": f"turn:127.0.0.1:{self.port}",
            "OLUKO_TURN_SECRET": SECRET,
            "OLUKO_ICE_RELAY_ONLY": "1",
        }

    @property
    def log(self) -> str:
        return (self.folder / "turn.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        program = shutil.which("turnserver")
        assert program, "the tests of the room need coturn: apt-get install coturn"
        words = (
            "-n --no-cli --no-tls --no-dtls --no-multicast-peers --allow-loopback-peers --fingerprint --lt-cred-mech "
            f"--use-auth-secret --static-auth-secret={SECRET} --realm=oluko.test --listening-ip=127.0.0.1 "
            f"--relay-ip=127.0.0.1 --listening-port={self.port} --log-file=stdout --simple-log --verbose "
            f"--pidfile={self.folder / 'turn.pid'} --userdb={self.folder / 'turn.db'}"
        )
        with (self.folder / "turn.log").open("ab") as log:
            self.process = subprocess.Popen([program, *words.split()], stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the TURN server did not start:\n{self.log[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def turn_server(folder: Path) -> Iterator[Turn]:
    """A TURN server for the length of a with block, on a port of its own."""
    turn = Turn(free_port(), folder)
    turn.start()
    try:
        yield turn
    finally:
        turn.stop()
