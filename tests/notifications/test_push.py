"""Web push to a real service on this machine: encrypted, signed, retried; gone devices are forgotten."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings as oluko
from django.test import Client
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.notifications.delivering import deliver
from oluko.notifications.models import Delivery, PushSubscription
from oluko.notifications.notifications import notify
from oluko.notifications.push import MOST_DEVICES, public_key
from tests.notifications.receiver import Pushes, push_service

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
SECRET = b"sixteen bytes ok"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Browser:
    """One browser's subscription, as it gives it to us, and the key by which it reads what comes."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey

    def json(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": b64(point), "auth": b64(SECRET)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys, "device": "Firefox, Linux"}

    def read(self, sealed: bytes) -> dict[str, str]:
        said: dict[str, str] = json.loads(http_ece.decrypt(sealed, private_key=self.key, auth_secret=SECRET))
        return said


@pytest.fixture
def service(settings: Any) -> Iterator[Pushes]:
    with push_service() as pushes:
        settings.OLUKO_SANDBOX_URL = pushes.url
        yield pushes


def browser(service: Pushes, name: str = "one") -> Browser:
    return Browser(f"{service.url}/push/{name}", ec.generate_private_key(ec.SECP256R1()))


def post(client: Client, path: str, body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def turned_on(signed_in: SignIn, person: Person, device: Browser) -> Client:
    client = signed_in(person)
    assert post(client, "/notifications/push", device.json()).json() == {"on": True}
    return client


def tell(person: Person, number: int = 1) -> Delivery:
    notify(person, "moved", event=f"e{number}", title="Moved: React help", body="Now Tuesday", url="/courses")
    return Delivery.objects.get(notification__key=f"e{number}:{person.pk}", channel="PUSH")


def state(delivery: Delivery) -> tuple[str, str, int]:
    deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery.state, delivery.why, delivery.attempts


def test_only_the_browser_can_read_it_and_the_service_knows_us(service: Pushes, signed_in: SignIn, ada: Person) -> None:
    device = browser(service)
    turned_on(signed_in, ada, device)
    assert state(tell(ada)) == ("SENT", "", 1)
    ((path, headers, body),) = service.arrived
    assert (path, headers["content-encoding"], headers["urgency"]) == ("/push/one", "aes128gcm", "high")
    assert b"React" not in body
    said = device.read(body)
    assert (said["title"], said["body"]) == ("Moved: React help", "Now Tuesday")
    assert said["url"].startswith("/courses?from=push-")
    token, key = (part.split("=", 1)[1] for part in headers["authorization"].removeprefix("vapid ").split(","))
    assert key == public_key()
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), urlsafe(key))
    claims = jwt.decode(token, point, algorithms=["ES256"], audience=service.url)
    assert claims["sub"].startswith("mailto:")
    assert oluko.OLUKO_VAPID_PRIVATE_KEY not in str(headers)


def urlsafe(text: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_without_a_device_there_is_no_push(ada: Person) -> None:
    notify(ada, "moved", event="x", title="Moved")
    assert list(Delivery.objects.values_list("channel", flat=True)) == ["MAIL"]


@pytest.mark.parametrize("gone", [404, 410])
def test_a_device_that_is_gone_is_forgotten(service: Pushes, signed_in: SignIn, ada: Person, gone: int) -> None:
    turned_on(signed_in, ada, browser(service))
    service.statuses = [gone]
    assert state(tell(ada)) == ("DROPPED", "NO_DEVICE", 1)
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("busy", [429, 500, 503])
def test_a_busy_service_is_asked_again_later(service: Pushes, signed_in: SignIn, ada: Person, busy: int) -> None:
    turned_on(signed_in, ada, browser(service))
    service.statuses = [busy]
    delivery = tell(ada)
    assert state(delivery) == ("QUEUED", "", 1)
    assert delivery.next_at is not None
    assert delivery.next_at > timezone.now()
    Delivery.objects.update(next_at=timezone.now())
    assert state(delivery) == ("SENT", "", 2)


def test_a_service_that_refuses_is_not_asked_again(service: Pushes, signed_in: SignIn, ada: Person) -> None:
    turned_on(signed_in, ada, browser(service))
    service.statuses = [403]
    assert state(tell(ada)) == ("FAILED", "REFUSED", 1)


def test_all_devices_are_told_and_one_that_is_gone_disturbs_none(
    service: Pushes, signed_in: SignIn, ada: Person
) -> None:
    for name in ("one", "two"):
        turned_on(signed_in, ada, browser(service, name))
    service.statuses = [410]
    assert state(tell(ada)) == ("SENT", "", 1)
    assert PushSubscription.objects.count() == 1


def test_a_browser_is_turned_off_and_devices_are_removed(service: Pushes, signed_in: SignIn, ada: Person) -> None:
    one, two = browser(service, "one"), browser(service, "two")
    client = turned_on(signed_in, ada, one)
    post(client, "/notifications/push", two.json())
    post(client, "/notifications/push", two.json())
    assert PushSubscription.objects.filter(person=ada).count() == 2
    assert "Firefox, Linux" in client.get("/notifications/settings").text
    post(client, "/notifications/push/off", {"endpoint": one.endpoint})
    client.post("/notifications/push/off", {"id": PushSubscription.objects.get().pk})
    assert not PushSubscription.objects.exists()


def test_nobody_removes_anothers_device(service: Pushes, signed_in: SignIn, ada: Person, bola: Person) -> None:
    device = browser(service)
    turned_on(signed_in, ada, device)
    other = signed_in(bola)
    other.post("/notifications/push/off", {"id": PushSubscription.objects.get().pk})
    post(other, "/notifications/push/off", {"endpoint": device.endpoint})
    assert PushSubscription.objects.filter(person=ada).exists()
    # Whoever signs in on the same browser afterwards is told there, and the one before is not.
    post(other, "/notifications/push", device.json())
    assert PushSubscription.objects.get().person == bola


def test_a_person_has_ten_devices_at_most(service: Pushes, signed_in: SignIn, ada: Person) -> None:
    client = signed_in(ada)
    for number in range(MOST_DEVICES + 2):
        post(client, "/notifications/push", browser(service, f"n{number}").json())
    kept = PushSubscription.objects.order_by("pk").values_list("endpoint", flat=True)
    assert len(kept) == MOST_DEVICES
    assert kept[0].endswith("/n2")


@pytest.mark.parametrize(
    "endpoint",
    ["http://push.example.com/x", "https://user@push.example.com/x", "https://push.example.com:8443/x", "x", "",
     "javascript:alert(1)", "https://" + "a" * 1000],
)  # fmt: skip
def test_an_endpoint_is_an_https_address_on_the_usual_port(
    service: Pushes, signed_in: SignIn, ada: Person, endpoint: str
) -> None:
    given = browser(service).json() | {"endpoint": endpoint}
    assert post(signed_in(ada), "/notifications/push", given).status_code == 422
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "keys", [{}, {"p256dh": "x", "auth": "y"}, "z", {"p256dh": b64(b"4" * 65), "auth": b64(SECRET)}]
)
def test_keys_are_those_of_a_browser(service: Pushes, signed_in: SignIn, ada: Person, keys: object) -> None:
    given = browser(service).json() | {"keys": keys}
    assert post(signed_in(ada), "/notifications/push", given).status_code == 422


@pytest.mark.parametrize(
    "endpoint", ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://10.0.0.1/"]
)
def test_nothing_is_sent_into_our_own_network(service: Pushes, signed_in: SignIn, ada: Person, endpoint: str) -> None:
    turned_on(signed_in, ada, Browser(endpoint, ec.generate_private_key(ec.SECP256R1())))
    assert state(tell(ada)) == ("FAILED", "REFUSED", 1)


def test_with_real_keys_no_address_on_this_machine_is_taken(
    service: Pushes, signed_in: SignIn, ada: Person, settings: Any
) -> None:
    settings.OLUKO_SANDBOX = False
    assert post(signed_in(ada), "/notifications/push", browser(service).json()).status_code == 422


def test_the_worker_stands_at_the_root_and_shows_only_our_own_pages(client: Client) -> None:
    answer = client.get("/push-worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "address.origin !== self.location.origin" in answer.text
