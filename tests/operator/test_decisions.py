"""The named actions of /admin/, over HTTP: they ask first, act once, leave an audit row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person, TutorProfile
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.ledger.audit import trail
from oluko.offerings.marketplace import Filters, search
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.models import Refund, ReviewItem
from oluko.payments.unmatched import review_unknown_reference
from tests.operator.test_pages import failed_job
from tests.paying import attempt, pay
from tests.times import next_monday

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin: Person, signed_in: Callable[..., Client]) -> Client:
    return signed_in(admin)


def act(browser: Client, name: str, pk: object, **facts: str) -> int:
    """Open the question, then answer it."""
    address = reverse(name, args=[pk])
    assert browser.get(address).status_code == 200
    return browser.post(address, facts).status_code


def last(subject: str, pk: object) -> tuple[str, str, str]:
    entry = trail(subject, str(pk))[-1]
    return entry.from_state, entry.to_state, entry.why


@pytest.fixture
def booking(ada: Person, offering: Offering) -> Booking:
    return book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=next_monday())


def test_verification_is_given_and_withdrawn(browser: Client, tunde: Person, admin: Person) -> None:
    assert act(browser, "operator_verify", tunde.pk) == 302
    assert TutorProfile.objects.get(person=tunde).verified_at is not None
    assert act(browser, "operator_verify", tunde.pk) == 409
    assert act(browser, "operator_unverify", tunde.pk, note="Papers expired") == 302
    assert TutorProfile.objects.get(person=tunde).verified_at is None
    assert last("person", tunde.pk) == ("VERIFIED", "UNVERIFIED", "Papers expired")
    assert {entry.actor_id for entry in trail("person", str(tunde.pk))} == {admin.pk}


def test_who_does_not_teach_is_not_verified(browser: Client, ada: Person) -> None:
    assert act(browser, "operator_verify", ada.pk) == 409


def test_student_becomes_a_mentor_with_a_profile(browser: Client, ada: Person) -> None:
    assert act(browser, "operator_role", ada.pk, role="MENTOR") == 302
    assert Person.objects.get(pk=ada.pk).teaches
    assert TutorProfile.objects.filter(person=ada).exists()
    assert last("person", ada.pk) == ("STUDENT", "MENTOR", "")
    assert act(browser, "operator_role", ada.pk, role="MENTOR") == 409
    assert act(browser, "operator_role", ada.pk, role="KING") == 422


def test_tutor_with_sessions_to_give_keeps_the_role(browser: Client, tunde: Person, booking: Booking) -> None:
    assert act(browser, "operator_role", tunde.pk, role="STUDENT") == 409
    assert Person.objects.get(pk=tunde.pk).role == "TUTOR"


def test_who_operates_no_more_keeps_no_right(browser: Client, ada: Person) -> None:
    act(browser, "operator_role", ada.pk, role="ADMIN")
    assert Person.objects.get(pk=ada.pk).is_superuser
    act(browser, "operator_role", ada.pk, role="STUDENT")
    assert not Person.objects.get(pk=ada.pk).is_superuser


@pytest.mark.parametrize(("name", "facts"), [("role", {"role": "STUDENT"}), ("deactivate", {"note": "x"})])
def test_nobody_shuts_themselves_out(browser: Client, admin: Person, name: str, facts: dict[str, str]) -> None:
    assert act(browser, f"operator_{name}", admin.pk, **facts) == 403
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("ADMIN", True)


def test_deactivated_tutor_is_out_and_the_offerings_with_them(
    browser: Client, tunde: Person, offering: Offering, signed_in: Callable[..., Client]
) -> None:
    theirs = signed_in(tunde)
    assert act(browser, "operator_deactivate", tunde.pk, note="") == 422
    assert act(browser, "operator_deactivate", tunde.pk, note="Fraud") == 302
    assert search(Filters()).rows == []
    assert theirs.get(reverse("tutor_wallet")).status_code == 302
    assert last("person", tunde.pk) == ("ACTIVE", "INACTIVE", "Fraud")
    assert act(browser, "operator_reactivate", tunde.pk) == 302
    assert [row.id for row in search(Filters()).rows] == [offering.pk]


def test_offering_is_withdrawn_once(browser: Client, offering: Offering) -> None:
    assert act(browser, "operator_withdraw", offering.pk, note="Spam") == 302
    offering.refresh_from_db()
    assert offering.withdrawn_at is not None
    assert last("offering", offering.pk) == ("LISTED", "WITHDRAWN", "Spam")
    assert act(browser, "operator_withdraw", offering.pk, note="Spam") == 409


def test_operator_cancels_and_all_goes_back(browser: Client, booking: Booking, admin: Person) -> None:
    pay(booking)
    address = reverse("operator_cancel", args=[booking.pk])
    question = browser.get(address).content.decode()
    assert all(words in question for words in ("₦5,000", "₦3,500", "₦1,500"))
    assert browser.post(address, {"note": "The tutor is ill"}).status_code == 302
    now = Booking.objects.get(pk=booking.pk)
    assert (now.status, now.cancel_reason, now.refunded) == ("CANCELLED", "BY_OPERATOR", 5_000_00)
    assert Refund.objects.get().amount == 5_000_00
    assert last("booking", booking.pk) == ("SCHEDULED", "CANCELLED", "The tutor is ill")
    assert trail("booking", str(booking.pk))[-1].actor_id == admin.pk
    assert browser.post(address, {"note": "Again"}).status_code == 409


def test_paystack_is_asked_by_a_job(browser: Client, booking: Booking) -> None:
    payment = attempt(booking)
    assert act(browser, "operator_check_payment", payment.pk) == 302
    job = DBTaskResult.objects.get(task_path="oluko.payments.tasks.check_payment_job")
    assert job.args_kwargs["args"] == [payment.reference]
    assert last("payment", payment.reference)[2] == "Asked"


def test_failed_job_runs_again(browser: Client) -> None:
    job = failed_job()
    assert act(browser, "operator_run_again", job.pk) == 302
    job.refresh_from_db()
    assert (job.status, job.worker_ids) == ("READY", [])
    assert job in DBTaskResult.objects.ready()
    assert last("job", job.pk) == ("FAILED", "READY", job.task_path)
    assert browser.post(reverse("operator_run_again", args=[job.pk])).status_code == 404


def test_failed_job_is_given_up(browser: Client) -> None:
    job = failed_job()
    assert act(browser, "operator_give_up", job.pk, note="Too old") == 302
    assert not DBTaskResult.objects.exists()
    assert "Too old" in last("job", job.pk)[2]


def test_review_row_is_closed_with_a_note(browser: Client) -> None:
    review_unknown_reference("olk-never", {"amount": 5})
    item = ReviewItem.objects.get()
    assert act(browser, "operator_review_accept", item.pk, note="") == 422
    assert act(browser, "operator_review_refund", item.pk) == 409
    assert act(browser, "operator_review_accept", item.pk, note="Another shop's") == 302
    assert ReviewItem.objects.get().resolved_at is not None
    assert last("review", item.pk) == ("OPEN", "ACCEPT", "Another shop's")


def test_questions_change_nothing(browser: Client, booking: Booking, offering: Offering, tunde: Person) -> None:
    for name, pk in (
        ("operator_cancel", booking.pk), ("operator_withdraw", offering.pk), ("operator_deactivate", tunde.pk),
    ):  # fmt: skip
        assert browser.get(reverse(name, args=[pk])).status_code == 200
    assert Booking.objects.get(pk=booking.pk).status == "SCHEDULED"
    assert Offering.objects.get().withdrawn_at is None
    assert Person.objects.get(pk=tunde.pk).is_active


def test_actions_need_the_csrf_token(admin: Person, offering: Offering, signed_in: Callable[..., Client]) -> None:
    browser = signed_in(admin, csrf=True)
    assert browser.post(reverse("operator_withdraw", args=[offering.pk]), {"note": "x"}).status_code == 403


def test_rows_that_are_not_there_are_not_found(browser: Client) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for name in ("verify", "role", "deactivate", "withdraw", "cancel", "check_payment", "run_again", "give_up"):
        assert browser.get(reverse(f"operator_{name}", args=[nobody])).status_code == 404, name
    assert browser.get(reverse("operator_review_accept", args=[4711])).status_code == 404


def test_buttons_are_those_that_apply(browser: Client, tunde: Person, ada: Person, booking: Booking) -> None:
    def page(label: str, pk: object) -> str:
        return browser.get(reverse(f"admin:{label}_change", args=[pk])).content.decode()

    assert reverse("operator_verify", args=[tunde.pk]) in page("accounts_person", tunde.pk)
    assert reverse("operator_verify", args=[ada.pk]) not in page("accounts_person", ada.pk)
    assert reverse("operator_cancel", args=[booking.pk]) in page("bookings_booking", booking.pk)
    act(browser, "operator_cancel", booking.pk, note="x")
    assert reverse("operator_cancel", args=[booking.pk]) not in page("bookings_booking", booking.pk)
