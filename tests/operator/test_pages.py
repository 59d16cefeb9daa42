"""Every page of /admin/: operators see it, nobody else does, and it changes nothing that it must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.courses.models import Course
from oluko.demo.seed import seed
from oluko.jobs.health import beat
from oluko.payments.models import Payment, ProviderEvent, Refund, ReviewItem

pytestmark = pytest.mark.django_db
TABLES = sorted(model._meta.label for model in admin.site._registry)


def model_of(label: str):
    return next(model for model in admin.site._registry if model._meta.label == label)


def address(label: str, page: str, *args: object) -> str:
    meta = model_of(label)._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@pytest.fixture
def filled(django_db_blocker) -> None:
    """The demo, and a row of everything that the demo has none of."""
    seed()
    beat("urgent")
    booking = Booking.objects.filter(payment_status="PAID").first()
    assert booking
    payment = Payment.objects.filter(booking=booking).first()
    if payment is None:
        payment = Payment.objects.create(booking=booking, reference="olk-x", amount=5, currency="NGN", status="PAID")
    Refund.objects.create(payment=payment, amount=5, currency="NGN", cause="REVIEW", status="NEEDS_ATTENTION")
    ReviewItem.objects.create(key="k", kind="UNKNOWN_REFERENCE", reference="olk-never")
    ProviderEvent.objects.create(provider="paystack", digest="d", body=b'{"event": "charge.success"}')
    failed_job()


def failed_job():
    return DBTaskResult.objects.create(
        task_path="oluko.payments.tasks.check_payment_job",
        args_kwargs={"args": ["olk-x"], "kwargs": {}},
        backend_name="default",
        queue_name="urgent",
        run_after="9999-01-01T00:00:00Z",
        status="FAILED",
        worker_ids=["w"] * 10,
        exception_class_path="oluko.core.gateway.GatewayError",
        traceback="Traceback: <b>bold</b>",
    )


@pytest.fixture
def operator(filled: None) -> Person:
    person = Person.objects.get(email="admin@demo.test")
    # The role alone counts, whatever Django's own flag says.
    Person.objects.filter(pk=person.pk).update(is_superuser=False)
    return person


def test_every_table_has_its_list_its_search_and_a_page_of_a_row(
    operator: Person, signed_in: Callable[..., Client]
) -> None:
    browser = signed_in(operator)
    for label in TABLES:
        rows = browser.get(address(label, "changelist"))
        assert rows.status_code == 200, label
        assert browser.get(address(label, "changelist"), {"q": "a"}).status_code == 200, label
        row = model_of(label)._default_manager.first()
        if row is None:
            # The demo starts without claims of people's own or codes that nobody has asked for.
            continue
        page = browser.get(address(label, "change", row.pk))
        assert page.status_code == 200, label


def test_lists_ask_the_database_a_fixed_number_of_times(operator: Person, signed_in: Callable[..., Client]) -> None:
    browser = signed_in(operator)
    for label in TABLES:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            browser.get(address(label, "changelist"))
        assert len(asked) <= 12, (label, [query["sql"][:120] for query in asked])


def test_front_page_shows_what_needs_a_decision(operator: Person, signed_in: Callable[..., Client]) -> None:
    page = signed_in(operator).get(reverse("admin:index"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "olk-never" in text
    assert "check_payment_job" in text
    assert "not heard of for 45 seconds" in text  # the worker of the other queue
    assert "✓ at work" in text


def test_a_jobs_error_is_shown_as_text(operator: Person, signed_in: Callable[..., Client]) -> None:
    page = signed_in(operator).get(
        address("django_tasks_database.DBTaskResult", "change", DBTaskResult.objects.failed().get().pk)
    )
    assert "&lt;b&gt;bold" in page.content.decode()


def test_failed_jobs_come_first(operator: Person, signed_in: Callable[..., Client]) -> None:
    rows = (
        signed_in(operator).get(address("django_tasks_database.DBTaskResult", "changelist")).context["cl"].result_list
    )
    assert next(iter(rows)).status == "FAILED"


def test_a_booking_shows_its_trail_and_its_money(operator: Person, signed_in: Callable[..., Client]) -> None:
    booking = Booking.objects.filter(status="COMPLETED").first()
    text = signed_in(operator).get(address("bookings.Booking", "change", booking.pk)).content.decode()
    assert "Audit trail" in text
    assert "charge_tutor" in text
    assert "COMPLETED" in text


def test_only_our_own_tables_are_there() -> None:
    assert {"auth.Group", "account.EmailAddress", "mfa.Authenticator"}.isdisjoint(TABLES)


@pytest.mark.parametrize("who", ["ada", "tunde", "mei"])
def test_for_anyone_else_there_is_no_such_page(who: str, request, signed_in: Callable[..., Client], offering) -> None:
    browser = signed_in(request.getfixturevalue(who))
    pages = [reverse("admin:index"), reverse("admin:login"), "/admin/nothing/", reverse("admin:search") + "?s=a"]
    pages += [address(label, "changelist") for label in TABLES]
    pages.append(reverse("operator_withdraw", args=[offering.pk]))
    assert {browser.get(page).status_code for page in pages} == {404}
    assert browser.post(pages[-1], {"note": "no"}).status_code == 404


def test_visitors_sign_in_at_the_sites_own_page(client: Client, offering) -> None:
    for page in (reverse("admin:index"), address("bookings.Booking", "changelist")):
        assert client.get(page, follow=True).redirect_chain[-1][0].startswith("/accounts/login/?next=/admin/")
    answer = client.get(reverse("operator_withdraw", args=[offering.pk]))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")
    assert client.post("/admin/login/", {"username": "admin@demo.test", "password": "demo"}).status_code == 302


def test_an_operator_who_is_not_active_is_a_visitor(admin_person: Person, signed_in: Callable[..., Client]) -> None:
    browser = signed_in(admin_person)
    Person.objects.filter(pk=admin_person.pk).update(is_active=False)
    assert browser.get(reverse("admin:index")).status_code == 302


@pytest.fixture
def admin_person(request) -> Person:
    return request.getfixturevalue("admin")


EDITABLE = {"accounts.Person", "courses.Course"}


def test_nothing_else_can_be_added_changed_or_deleted(operator: Person, signed_in: Callable[..., Client]) -> None:
    browser = signed_in(operator)
    for label in TABLES:
        row = model_of(label)._default_manager.first()
        if row is None:
            continue
        facts = {field.name: "1" for field in model_of(label)._meta.concrete_fields}
        if label not in EDITABLE:
            assert browser.post(address(label, "change", row.pk), facts).status_code == 403, label
        if label != "courses.Course":
            assert browser.post(address(label, "add"), facts).status_code == 403, label
        assert browser.post(address(label, "delete", row.pk), {"post": "yes"}).status_code == 403, label
        several = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        browser.post(address(label, "changelist"), several)
        assert model_of(label)._default_manager.filter(pk=row.pk).exists(), label


def person_form(person: Person, **more: str) -> dict[str, str]:
    blank = {
        f"{prefix}-{name}": "0"
        for prefix in ("tutor_profile", "api_tokens")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    return blank | {"name": person.name, "time_zone": person.time_zone} | more


def test_of_a_person_name_and_zone_alone_are_edited(
    ada: Person, admin: Person, signed_in: Callable[..., Client]
) -> None:
    posted = person_form(
        ada, name="Ada Obi-Cole", role="ADMIN", email="x@y.z", is_superuser="on", is_active="", password="x"
    )
    answer = signed_in(admin).post(address("accounts.Person", "change", ada.pk), posted)
    assert answer.status_code == 302
    now = Person.objects.get(pk=ada.pk)
    assert now.name == "Ada Obi-Cole"
    assert (now.role, now.email, now.is_superuser, now.is_active) == ("STUDENT", "ada@demo.test", False, True)
    assert now.password == ada.password


def test_a_zone_that_does_not_exist_is_refused(ada: Person, admin: Person, signed_in: Callable[..., Client]) -> None:
    posted = person_form(ada, time_zone="Mars/Olympus")
    assert signed_in(admin).post(address("accounts.Person", "change", ada.pk), posted).status_code == 200
    assert Person.objects.get(pk=ada.pk).time_zone == "Africa/Lagos"


def test_courses_are_written_here(
    react: Course, tunde: Person, admin: Person, signed_in: Callable[..., Client]
) -> None:
    facts = {"title": "Flask", "slug": "flask", "tutor": str(tunde.pk), "creator": str(tunde.pk), "summary": ""}
    counts = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}
    lesson = {"lessons-0-position": "1", "lessons-0-title": "Routes", "lessons-0-body": "…"}
    facts |= {f"lessons-{name}": value for name, value in counts.items()} | lesson
    assert signed_in(admin).post(address("courses.Course", "add"), facts).status_code == 302
    assert [lesson.title for lesson in Course.objects.get(slug="flask").lessons.all()] == ["Routes"]


def test_requests_near_their_deadline_are_on_the_front_page(operator: Person, signed_in: Callable[..., Client]) -> None:
    from oluko.core import clock

    booking = Booking.objects.filter(status="PENDING_MENTOR_REVIEW").first()
    assert booking
    Booking.objects.filter(pk=booking.pk).update(approval_deadline=clock.now() + timedelta(hours=1))
    assert str(booking.pk) in signed_in(operator).get(reverse("admin:index")).content.decode()
