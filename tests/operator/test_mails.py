"""The gallery of mails, and sending one again."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.ledger.models import AuditEntry
from oluko.notifications.delivering import deliver
from oluko.notifications.kinds import KINDS, Group
from oluko.notifications.mail import compose
from oluko.notifications.models import Delivery, Notification
from oluko.notifications.notifications import notify
from oluko.operator.mail_samples import samples

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
OLUKO = Path(__file__).resolve().parents[2] / "oluko"
# Where the kind stands in a call that tells somebody something; `tell` of payouts has it one place earlier.
TELLERS = {"notify": (1,), "Message": (1,), "tell": (1, 2), "tell_both": (1,), "compose": (2,), "compose_both": (1,)}


def kinds_in_the_code() -> set[str]:
    """Every kind that stands as a word in a call which tells somebody something."""
    trees = [
        ast.parse(path.read_text())
        for path in OLUKO.rglob("*.py")
        if "demo" not in path.parts and "migrations" not in path.parts
    ]
    return {word for tree in trees for words in told_in(tree, TELLERS | wrappers(tree)) for word in words_of(words)}


def told_in(tree: ast.AST, tellers: dict[str, tuple[int, ...]]) -> Iterator[list[ast.expr]]:
    """What stands in the kind's place of each telling call; empty where the call gives too few."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield from (node.args[place : place + 1] for place in tellers.get(name, ()))


def wrappers(tree: ast.AST) -> dict[str, tuple[int, ...]]:
    """A file's own functions that pass one of their arguments on as the kind, and the place of that one."""
    found: dict[str, tuple[int, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            passed = {word.id for words in told_in(node, TELLERS) for word in words if isinstance(word, ast.Name)}
            places = tuple(place for place, each in enumerate(node.args.args) if each.arg in passed)
            if places and node.name.startswith("_"):
                found[node.name] = places
    return found


def words_of(arguments: list[ast.expr]) -> set[str]:
    """The words that an argument may be: one, or one of a choice."""
    if not arguments:
        return set()
    argument = arguments[0]
    ways = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return {way.value for way in ways if isinstance(way, ast.Constant) and isinstance(way.value, str)}


def test_every_kind_that_the_code_tells_is_known() -> None:
    told = kinds_in_the_code()
    assert {"paid", "moved", "bank_account", "COURSE_COMPLETED"} <= told
    assert told <= set(KINDS)


def test_every_known_kind_has_a_mail_without_missing_facts() -> None:
    shown = {kind: compose(delivery) for kind, _who, delivery in samples()}
    assert set(shown) == set(KINDS)
    for kind, mail in shown.items():
        page = str(mail.alternatives[0][0])
        for text in (mail.subject, mail.body, page):
            assert not re.search(r"%\(\w+\)|None|\{\{|\{%", text), kind
        assert len(mail.subject) < 120, kind
        assert len(page) < 12_000, kind
        # A fact that is missing leaves a hole between words.
        assert not re.search(r"\bby [.,]|at the time goes|for [.,]|“”|  +[a-z]", mail.body), (kind, mail.body)


@pytest.mark.parametrize("kind", ["paid", "moved", "reminder_day", "reminder_hour", "cancelled", "approved"])
def test_mails_about_a_session_name_it_on_both_clocks_with_what_to_do(kind: str) -> None:
    mail = next(compose(delivery) for name, _who, delivery in samples() if name == kind)
    assert "(London) · React help with Túndé" in mail.subject
    assert re.search(r"When: .*\(London\) · .*\(Lagos\)", mail.body)
    assert "/mentorship/session/" in mail.body
    if kind not in ("cancelled", "approved"):
        assert "/move?from=mail-" in mail.body
    if kind != "cancelled":
        assert "/cancel?from=mail-" in mail.body
    assert ("/mentorship/checkout/" in mail.body) == (kind == "approved")


def test_operators_look_at_all_of_them_in_sandbox_mode(signed_in: SignIn, admin: Person, settings: Any) -> None:
    page = signed_in(admin).get("/admin/mails")
    assert page.status_code == 200
    assert page.text.count("<iframe") == len(KINDS)
    # A quotation mark of the mail that ended the attribute would show half of it, outside of its sandbox.
    inside = re.findall(r'<iframe [^>]*srcdoc="([^"]*)"', page.text)
    assert len(inside) == len(KINDS)
    assert all(html.unescape(each).rstrip().endswith("</html>") for each in inside)
    assert not Notification.objects.exists()
    settings.OLUKO_SANDBOX = False
    assert signed_in(admin).get("/admin/mails").status_code == 404
    assert "/admin/mails" not in signed_in(admin).get("/admin/").text


def test_nobody_else_sees_them(signed_in: SignIn, client: Client, tunde: Person) -> None:
    assert signed_in(tunde).get("/admin/mails").status_code == 404
    assert client.get("/admin/mails").status_code == 302


def failed(person: Person) -> Delivery:
    notify(person, "refunded", event="x", title="₦5,000 refunded", url="/mentorship")
    Delivery.objects.update(state="FAILED", why="REFUSED", attempts=3, error="550", next_at=None)
    return Delivery.objects.get()


def test_an_operator_sends_a_failed_mail_again(
    signed_in: SignIn, admin: Person, ada: Person, mailoutbox: list[Any]
) -> None:
    delivery = failed(ada)
    browser = signed_in(admin)
    record = browser.get(f"/admin/notifications/delivery/{delivery.pk}/change/")
    assert f"/admin/deliveries/{delivery.pk}/again" in record.text
    asked = browser.get(f"/admin/deliveries/{delivery.pk}/again")
    assert "550" in asked.text
    assert Delivery.objects.get().state == "FAILED"
    assert browser.post(f"/admin/deliveries/{delivery.pk}/again").status_code == 302
    deliver(delivery.pk)
    assert Delivery.objects.get().state == "SENT"
    assert len(mailoutbox) == 1
    assert AuditEntry.objects.filter(subject="delivery", actor_id=admin.pk).count() == 1


def test_what_must_not_go_out_any_more_is_not_queued(signed_in: SignIn, admin: Person, ada: Person) -> None:
    delivery = failed(ada)
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    answer = signed_in(admin).post(f"/admin/deliveries/{delivery.pk}/again")
    assert (answer.status_code, Delivery.objects.get().state) == (409, "FAILED")


def test_only_operators_send_again(signed_in: SignIn, tunde: Person, ada: Person) -> None:
    delivery = failed(ada)
    assert signed_in(tunde).post(f"/admin/deliveries/{delivery.pk}/again").status_code == 404
    assert Delivery.objects.get().state == "FAILED"


def test_every_group_is_used_and_explained() -> None:
    from oluko.notifications.kinds import EXPLAINED

    assert set(EXPLAINED) == set(Group)
