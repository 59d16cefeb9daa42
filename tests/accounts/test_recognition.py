"""Who a session's cookie stands for, and when it stands for nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.accounts.recognition import SessionStore

pytestmark = pytest.mark.django_db
PAGE = "/student/mentorship"


def browser_with(key: str) -> Client:
    browser = Client()
    browser.cookies["sessionid"] = key
    return browser


def test_a_session_is_its_persons_until_it_ends(signed_in, ada: Person) -> None:
    browser = signed_in(ada)
    assert browser.get(PAGE).status_code == 200
    assert browser.get(PAGE).wsgi_request.user == ada
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert browser.get(PAGE).status_code == 302


def test_whoever_was_deactivated_or_has_another_password_is_signed_out(signed_in, ada: Person, tunde: Person) -> None:
    browser, other = signed_in(ada), signed_in(tunde)
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    assert browser.get(PAGE).status_code == 302
    tunde.set_password("another-password-1")
    tunde.save()
    assert other.get(PAGE).status_code == 302


def test_a_person_who_is_gone_is_nobody(signed_in, ada: Person) -> None:
    browser = signed_in(ada)
    Person.objects.filter(pk=ada.pk).delete()
    assert browser.get(PAGE).status_code == 302


@pytest.mark.parametrize("key", ["x" * 32, "short", "é" * 40, "x" * 4000, "' OR 1=1 --12345"])
def test_keys_that_nobody_was_given_stand_for_nobody(key: str) -> None:
    assert browser_with(key).get(PAGE).status_code == 302
    store = SessionStore(session_key=key)
    assert store.get("anything") is None
    assert store.session_key is None


def test_a_quiet_poll_costs_three_queries(signed_in, ada: Person, django_assert_num_queries) -> None:
    """The session, the person, and what is new."""
    browser, poll = signed_in(ada), "/notifications/bell?after=100"
    seen = {"If-None-Match": browser.get(poll)["etag"]}
    with django_assert_num_queries(3):
        assert browser.get(poll, headers=seen).status_code == 304
