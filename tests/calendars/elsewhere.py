"""A calendar's server on this machine: https with a certificate of its own authority, as ill-behaved as wished."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "calendar.test"
EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nEND:VCALENDAR\r\n"

type Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """`answers` by path; `seen` are the requests' paths with their Host and If-None-Match."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"https://{NAME}:{self.port}{path}"


def plain(body: bytes = EMPTY, status: int = 200, **headers: str) -> Answer:
    """An ordinary answer; header names with underscores for hyphens."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def dripping(first: bytes, pause: float = 0.2) -> Answer:
    """The start at once, then a byte now and then for a minute."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(first)
            for _byte in range(300):
                time.sleep(pause)
                request.wfile.write(b"x")
                request.wfile.flush()
        except OSError:
            pass

    return answer


def endless(piece: bytes) -> Answer:
    """Without a length, and without an end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _piece in range(2_000):
                request.wfile.write(piece)
        except OSError:
            pass

    return answer


@contextmanager
def serve(certificates: Path | None, host: str = "127.0.0.1") -> Iterator[Server]:
    """A server for the length of a with block, with the certificate in the folder, or in plain text without one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.seen.append((self.path, self.headers.get("Host", ""), self.headers.get("If-None-Match", "")))
            here.answers.get(self.path, plain(b"nothing", 404))(self)

        def log_message(self, *words: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET

        def handle_error(self, *about: object) -> None:
            pass

    listening = Quiet((host, 0), Handler)
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem")
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    here = Server(listening.server_address[1])
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def make_certificates(folder: Path, name: str = NAME) -> ssl.SSLContext:
    """Write `server.pem` for the name, and give what trusts its authority alone."""
    authority, authority_key = _certificate("Test authority", None, None)
    server, server_key = _certificate(name, authority, authority_key)
    (folder / "server.pem").write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + server.public_bytes(serialization.Encoding.PEM)
    )
    return ssl.create_default_context(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())


def _certificate(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer is None:
        usage = {"key_cert_sign": True, "crl_sign": True, "digital_signature": True}
        others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage |= dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256()), key
