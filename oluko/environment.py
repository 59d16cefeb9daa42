"""Reading settings from the environment: what is wrong stops the start with one clear line.

Every function raises ImproperlyConfigured, whose message names the variable and says what it must be.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_ICE_PLACE = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")


def env(name: str, default: str = "") -> str:
    """A variable's value without white space around it; a secret that is set but empty is refused."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.strip() and "SECRET" in name:
        raise ImproperlyConfigured(f"{name} is set but empty; give it a value or unset it.")
    return value.strip()


def env_url(name: str, default: str) -> str:
    """An http(s) address, without a slash at its end."""
    value = env(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be an http(s) address, not '{value}'.")
    return value


def ice_urls(text: str, *schemes: str) -> list[str]:
    """Addresses of STUN or TURN servers (RFC 7064, RFC 7065), with commas between them."""
    urls = [url.strip() for url in text.split(",") if url.strip()]
    for url in urls:
        scheme, _colon, place = url.partition(":")
        if scheme not in schemes or not _ICE_PLACE.fullmatch(place):
            raise ImproperlyConfigured(f"'{url}' is no address of a server such as {schemes[0]}:turn.example.org:3478.")
    return urls


def env_int(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number between two others, both allowed."""
    value = env(name, str(default))
    if not value.isdigit() or not lowest <= int(value) <= highest:
        raise ImproperlyConfigured(f"{name} must be a whole number from {lowest} to {highest}, not '{value}'.")
    return int(value)


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def kept_secret(path: Path, random_bytes: int = 48) -> str:
    """A random secret that belongs to the data folder; made at the first start."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(random_bytes))
    except FileExistsError:
        pass
    value = path.read_text().strip()
    if not value:
        raise ImproperlyConfigured(f"{path} is empty; delete it, and a new one is made.")
    return value


def mailer(url: str, folder: Path) -> dict[str, object]:
    """One of Django's MAILERS by its address; a mail is a file in `folder` where `file:` names no other."""
    parts = urlsplit(url)
    if parts.scheme in ("smtp", "smtps", "smtp+tls") and parts.hostname:
        options = {
            "host": parts.hostname,
            "port": parts.port or (465 if parts.scheme == "smtps" else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parts.scheme == "smtp+tls",
            "timeout": 10,
        }
        return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file":
        path = parts.path or str(folder)
        return {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {"file_path": path}}
    raise ImproperlyConfigured(
        "OLUKO_EMAIL_URL must be smtp://, smtps:// or smtp+tls://user:password@host:port, console: or file:FOLDER."
    )
