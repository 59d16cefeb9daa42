"""What the sandbox is started with, and the starts that it refuses."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class RefusedStart(Exception):
    """A start that would be wrong or unsafe; the message is one line for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`public_url` has no slash at its end; the delays are the seconds that something stays pending."""

    host: str
    port: int
    data: Path
    paystack_key: str
    webhook_url: str
    public_url: str
    merchant: str
    refund_delay: float
    transfer_delay: float
    zoom_account_id: str
    zoom_client_id: str
    zoom_client_secret: str
    zoom_calls_a_day: int
    zoom_sdk_secret: str

    @property
    def database(self) -> Path:
        return self.data / "sandbox.sqlite3"


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """Every option may come from SANDBOX_NAME instead, which keeps the secrets out of process lists."""
    options = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)

    def option(name: str, default: str, explanation: str) -> None:
        variable = "SANDBOX_" + name.upper().replace("-", "_")
        options.add_argument(f"--{name}", default=environ.get(variable, default), help=f"{explanation} [{variable}]")

    option("host", "127.0.0.1", "address to listen on")
    option("port", "8001", "port to listen on")
    option("data", "./data", "folder of sandbox.sqlite3")
    option("paystack-key", "", "the secret key that calls must carry and that signs webhooks")
    option("webhook-url", "", "where Paystack's events go")
    option("public-url", "", "how browsers reach the sandbox, http://HOST:PORT if not given")
    option("merchant", "Oluko", "the name on the checkout page")
    option("refund-delay", "1", "seconds that a refund stays pending")
    option("transfer-delay", "1", "seconds that a transfer stays pending")
    option("zoom-account-id", "", "Zoom's account id; without the three, Zoom answers 400 and 401")
    option("zoom-client-id", "", "Zoom's client id")
    option("zoom-client-secret", "", "Zoom's client secret")
    option("zoom-sdk-secret", "", "the secret that signs for Zoom's Meeting SDK")
    option("zoom-calls-a-day", "100", "how many meetings one Zoom user may make and change a day")
    return options


def read_settings(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a start; raises RefusedStart beside a Paystack key, or for a value that cannot work."""
    if environ.get("OLUKO_PAYSTACK_SECRET_KEY"):
        raise RefusedStart(
            "the sandbox does not start while OLUKO_PAYSTACK_SECRET_KEY is set: Paystack itself is in use"
        )
    given = parser(environ).parse_args(arguments)
    if not given.paystack_key.strip():
        raise RefusedStart("a key is needed: set SANDBOX_PAYSTACK_KEY")
    if given.paystack_key.startswith("sk_live_"):
        raise RefusedStart("the sandbox does not take a live key")
    if urlsplit(given.webhook_url).scheme not in ("http", "https") or not urlsplit(given.webhook_url).netloc:
        raise RefusedStart("--webhook-url (or SANDBOX_WEBHOOK_URL) must be an http or https address")
    if not given.port.isascii() or not given.port.isdigit() or not 0 < int(given.port) < 65536:
        raise RefusedStart("--port must be a number from 1 to 65535")
    if not given.zoom_calls_a_day.isascii() or not given.zoom_calls_a_day.isdigit():
        raise RefusedStart("--zoom-calls-a-day must be a whole number")
    refund_delay = read_seconds("refund-delay", given.refund_delay)
    transfer_delay = read_seconds("transfer-delay", given.transfer_delay)
    return Settings(
        host=given.host,
        port=int(given.port),
        data=Path(given.data),
        paystack_key=given.paystack_key,
        webhook_url=given.webhook_url,
        public_url=(given.public_url or f"http://{given.host}:{given.port}").rstrip("/"),
        merchant=given.merchant,
        refund_delay=refund_delay,
        transfer_delay=transfer_delay,
        zoom_account_id=given.zoom_account_id,
        zoom_client_id=given.zoom_client_id,
        zoom_client_secret=given.zoom_client_secret,
        zoom_calls_a_day=int(given.zoom_calls_a_day),
        zoom_sdk_secret=given.zoom_sdk_secret,
    )


def read_seconds(option: str, text: str) -> float:
    """Seconds from what was given for an option; never less than none."""
    try:
        return max(0.0, float(text))
    except ValueError:
        raise RefusedStart(f"--{option} must be a number of seconds") from None
