"""Whether a connection that lay idle in the pool is still there, found out without asking the server."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection


def check_open(connection: Connection) -> None:
    """Raise OperationalError if the server has ended this connection.

    Whatever ends it leaves something to read where nothing was asked: the server's last words, or the system's word
    that nobody is there. Only then is the server asked, which costs each request a round trip otherwise.
    """
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    if waiting.poll(0):
        # Late: settings import this module on SQLite too.
        from psycopg_pool import ConnectionPool

        ConnectionPool.check_connection(connection)
