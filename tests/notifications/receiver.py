"""A mail server and a push service on this machine: they take what comes, or refuse it as they are told to."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Mails:
    """What arrived, and what the server answers to a command ("RCPT", "DATA", the mail's end ".") instead of yes."""

    port: int = 0
    arrived: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, command: str, usual: str) -> str:
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else usual


@contextmanager
def mail_server() -> Iterator[Mails]:
    """SMTP as RFC 5321 has it, as far as a client needs it."""
    mails = Mails()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say(mails.answer("CONNECT", "220 here"))
            while command := self.rfile.readline().decode().strip():
                word = command.split(":")[0].split(" ")[0].upper()
                if word == "DATA":
                    self.say(mails.answer("DATA", "354 go on"))
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    said = mails.answer(".", "250 taken")
                    if said.startswith("250"):
                        mails.arrived.append(message_from_bytes(body, policy=default))
                    self.say(said)
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say(mails.answer(word, "250 yes"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        mails.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield mails
        server.shutdown()


@dataclass
class Pushes:
    """What arrived: path, headers in lower case, body; and the statuses to answer with, 201 once they are used up."""

    url: str = ""
    arrived: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def push_service() -> Iterator[Pushes]:
    """An HTTP server that keeps each POST."""
    pushes = Pushes()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            pushes.arrived.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(pushes.statuses.pop(0) if pushes.statuses else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pushes.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield pushes
        server.shutdown()
