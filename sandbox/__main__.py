"""Runs the sandbox: `python -m sandbox --data DIR --port 8001 --webhook-url URL`, the key in SANDBOX_PAYSTACK_KEY."""

import asyncio
import functools
import os
import signal
import socket
import sqlite3
import sys

from granian.constants import Interfaces
from granian.server.embed import Server

from sandbox.app import create_app
from sandbox.disputes import settle_due_disputes
from sandbox.refunds import settle_due_refunds
from sandbox.settings import RefusedStart, Settings, read_settings
from sandbox.store import Store
from sandbox.transfers import settle_due_transfers
from sandbox.webhooks import Courier

#: Connections at once; more than any rehearsal of a provider that hangs needs.
CONNECTIONS = 1024
GRACE = 0.4


def main() -> None:
    try:
        settings = read_settings(sys.argv[1:])
        refuse_taken_port(settings)
        store = Store(settings.database)
    except (RefusedStart, OSError, sqlite3.Error) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        sys.exit(2)
    courier = Courier(store, settings, functools.partial(settle_what_is_due, settings))
    asyncio.run(serve(store, settings, courier))


def settle_what_is_due(settings: Settings, store: Store) -> float:
    """Give what is pending its outcome when its time has come; the seconds until there is more to do."""
    transfers = settle_due_transfers(store, settings.transfer_delay)
    return min(settle_due_refunds(store), transfers, settle_due_disputes(store))


def refuse_taken_port(settings: Settings) -> None:
    """The server shares its port with others that do, and would not notice."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise RefusedStart(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None


async def serve(store: Store, settings: Settings, courier: Courier) -> None:
    """Serve until SIGTERM or SIGINT, then end within a second, however many calls hang."""
    server = Server(
        create_app(store, settings),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        websockets=False,
        log_enabled=False,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    await listening(settings, serving)
    courier.start()
    print(f"sandbox ready on {settings.public_url}", flush=True)
    await stopping.wait()
    courier.stop()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait([serving], timeout=GRACE)
    # Threads that wait for a slow webhook would hold the process up; every commit is safe in the file by now.
    sys.stdout.flush()
    os._exit(0)


async def listening(settings: Settings, serving: asyncio.Task[None]) -> None:
    """Return once a connection is taken."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, settings.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    await serving


if __name__ == "__main__":
    main()
