"""Ports for servers of the tests' own, on loopback.

They lie below those that the system gives to outgoing connections: of such a one nothing can be had back for a minute,
and a server that is killed and started again wants its own port back.
"""

from __future__ import annotations

import secrets
import socket

LOWEST, HIGHEST = 10_000, 32_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(neighbours: int = 0) -> int:
    """A port that is free together with so many after it. By chance, as other processes look for theirs too."""
    for _ in range(1000):
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if all(is_free(port + place) for place in range(neighbours + 1)):
            return port
    raise RuntimeError("no ports are free")
