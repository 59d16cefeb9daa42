"""Signing up, in and out, and what strangers may learn from it."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "http://testserver@evil.example/",
    "http://localhost:9999/",
    "http://127.0.0.1/",
    "ftp://testserver/",
    " https://evil.example",
    "\x00//evil.example",
]


def sign_in(client: Client, email: str, password: str = "demo", **more: str):
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def sign_up(client: Client, email: str, **more: str):
    form = {"name": "Ife Ojo", "email": email, "password1": "seven blue lanterns", **more}
    return client.post(reverse("account_signup"), form)


def test_person_signs_in_with_any_case_of_the_address(ada: Person, client: Client) -> None:
    response = sign_in(client, ada.email.upper())
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_wrong_password_and_unknown_address_answer_alike(ada: Person) -> None:
    answers = []
    for email in (ada.email, "nobody@demo.test"):
        response = sign_in(Client(), email, "wrong")
        answers.append((response.status_code, [str(error) for error in response.context["form"].non_field_errors()]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


def test_eleventh_bad_sign_in_is_refused_even_with_the_right_password(ada: Person, client: Client) -> None:
    for _try in range(10):
        assert sign_in(client, ada.email, "wrong").status_code == 200
    assert sign_in(client, ada.email, "wrong").status_code == 429
    refused = sign_in(client, ada.email)
    assert refused.status_code == 429
    assert "_auth_user_id" not in client.session
    assert "five minutes" in refused.content.decode()


def test_operator_signs_in_where_tries_are_counted(client: Client, ada: Person) -> None:
    response = client.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    client.force_login(ada)
    assert client.get("/admin/login/").status_code == 404


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nothing_leads_off_the_site(address: str, ada: Person, client: Client) -> None:
    assert sign_in(client, ada.email, next=address)["Location"] == "/"
    assert client.post(reverse("zone"), {"zone": "Europe/London", "next": address})["Location"] == "/"
    page = client.get(reverse("zone"), {"next": address})
    assert 'name="next" value="/"' in page.content.decode().split("data-zone-form", 1)[1]
    response = client.post(reverse("account_logout"), {"next": address})
    assert response["Location"] == "/"


def test_own_page_is_where_one_goes_after_signing_in(ada: Person, client: Client) -> None:
    assert sign_in(client, ada.email, next="/profile?x=1")["Location"] == "/profile?x=1"


def test_new_person_confirms_their_address_and_signs_in(client: Client) -> None:
    client.cookies["zone"] = "Asia/Shanghai"
    response = sign_up(client, "Ife@Demo.test", next="/profile")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/confirm-email/?next=%2Fprofile"
    person = Person.objects.get(email="ife@demo.test")
    assert (person.name, person.time_zone, person.role) == ("Ife Ojo", "Asia/Shanghai", Person.Role.STUDENT)
    assert "_auth_user_id" not in client.session
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", mail.outbox[0].body)
    assert link
    assert client.post(link[1]).status_code == 302
    assert EmailAddress.objects.get(user=person).verified
    assert sign_in(client, "ife@demo.test", "seven blue lanterns").status_code == 302


def test_sign_up_answers_alike_for_a_known_address(ada: Person) -> None:
    fresh, known = sign_up(Client(), "new@demo.test"), sign_up(Client(), ada.email.title())
    assert (fresh.status_code, fresh["Location"]) == (known.status_code, known["Location"])
    assert fresh.cookies.keys() == known.cookies.keys()
    assert Person.objects.filter(email=ada.email).count() == 1
    assert mail.outbox[1].subject == "You have an account already"
    assert mail.outbox[1].to == [ada.email]


def test_sign_up_sets_nothing_but_what_the_form_asks(client: Client) -> None:
    sign_up(client, "sly@demo.test", role="ADMIN", is_superuser="1", is_active="0", time_zone="Asia/Tokyo", id="1")
    person = Person.objects.get(email="sly@demo.test")
    assert (person.role, person.is_superuser, person.is_active) == (Person.Role.STUDENT, False, True)
    assert person.time_zone == "Africa/Lagos"


def test_reset_answers_alike_and_writes_to_known_addresses_only(ada: Person) -> None:
    answers = []
    for email in (ada.email, "nobody@demo.test"):
        response = Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        answers.append((response.redirect_chain, re.sub(r'csrf\w+"[^>]*"[^"]*"', "", response.content.decode())[:400]))
    assert answers[0] == answers[1]
    assert [message.to for message in mail.outbox] == [[ada.email]]


def test_person_chooses_a_new_password_by_the_link(ada: Person, client: Client) -> None:
    client.post(reverse("account_reset_password"), {"email": ada.email})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link
    page = client.get(link[1], follow=True)
    form = {"password1": "four grey herons", "password2": "four grey herons"}
    client.post(page.redirect_chain[-1][0], form)
    assert sign_in(Client(), ada.email, "four grey herons").status_code == 302


def test_closed_account_does_not_get_in(ada: Person, client: Client) -> None:
    Person.objects.update(is_active=False)
    sign_in(client, ada.email)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password", "account_reset_password_done",
             "account_email_verification_sent", "account_inactive"],
)  # fmt: skip
def test_visitors_pages_wear_our_look(name: str, client: Client) -> None:
    page = client.get(reverse(name)).content.decode()
    assert "oluko/tokens" in page
    assert 'class="card' in page
    assert "style=" not in page


@pytest.mark.parametrize("name", ["account_email", "account_change_password", "account_logout", "mfa_index"])
def test_signed_in_peoples_pages_wear_our_look(name: str, ada: Person, client: Client) -> None:
    sign_in(client, ada.email)
    page = client.get(reverse(name), follow=True).content.decode()
    assert "oluko/tokens" in page
    assert 'class="card' in page
    assert "style=" not in page


def test_second_step_is_set_up_and_asked_for(ada: Person, client: Client) -> None:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    sign_in(client, ada.email)
    again = client.get(reverse("mfa_activate_totp"))
    assert again["Location"].startswith(reverse("account_reauthenticate"))
    page = client.post(again["Location"], {"password": "demo"}, follow=True)
    secret = page.context["form"].secret

    def code() -> str:
        return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))

    assert client.post(reverse("mfa_activate_totp"), {"code": code()}).status_code == 302
    other = Client()
    assert sign_in(other, ada.email)["Location"].startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in other.session
    assert 'class="field"' in other.get(reverse("mfa_authenticate")).content.decode()


def test_demo_people_are_named_in_the_sandbox_only(client: Client, settings) -> None:
    assert "ada@demo.test" in client.get(reverse("account_login")).content.decode()
    settings.OLUKO_SANDBOX = False
    assert "ada@demo.test" not in client.get(reverse("account_login")).content.decode()
