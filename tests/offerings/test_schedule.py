"""The tutor's schedule page over HTTP: create, edit, delete; whose it is, what is refused, what stays typed."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oluko.bookings.models import Booking
from oluko.offerings.models import Offering
from tests.cast import make_course, make_offering

SCHEDULE = "/tutor/mentorship/schedule"
TYPED = {
    "title": "Deep React",
    "courseId": "",
    "duration": "90",
    "price": "7,500.50",
    "description": "Hooks.",
    "bookingMode": "REQUEST",
    "cancellationPolicy": "STRICT",
}


def book(offering, student, status="SCHEDULED", payment="PAID"):
    start = datetime(2026, 5, 5, 9, tzinfo=UTC)
    return Booking.objects.create(
        offering=offering,
        tutor=offering.tutor,
        student=student,
        title=offering.title,
        duration=60,
        price=offering.price,
        currency="NGN",
        tutor_share_bps=7000,
        cancellation_policy="MODERATE",
        booking_mode="INSTANT",
        status=status,
        payment_status=payment,
        scheduled_at=start,
        ends_at=start + timedelta(hours=1),
        created_at=start,
    )


def test_tutor_creates_an_offering_and_sees_it_in_its_group(tunde, react, signed_in):
    browser = signed_in(tunde)
    answer = browser.post(SCHEDULE, TYPED | {"courseId": str(react.pk)}, follow=True)
    assert answer.redirect_chain == [(SCHEDULE, 302)]
    text = answer.content.decode()
    assert "Offering created" in text
    made = Offering.objects.get()
    assert (made.title, made.course, made.duration, made.price) == ("Deep React", react, 90, 7_500_50)
    assert (made.booking_mode, made.cancellation_policy) == ("REQUEST", "STRICT")
    assert text.index("Linked to a course") < text.index(">Deep React<") < text.index(">Standalone<")
    browser.post(SCHEDULE, TYPED | {"title": "Alone"})
    text = browser.get(SCHEDULE).content.decode()
    assert text.index(">Standalone<") < text.index(">Alone<")


def test_the_course_list_holds_ones_own_courses_alone(tunde, mei, react, signed_in):
    make_course(mei, "Data with Python", "data")
    text = signed_in(tunde).get(SCHEDULE).content.decode()
    assert str(react.pk) in text
    assert "Data with Python" not in text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "ab"),
        ("title", "x" * 121),
        ("title", "two\nlines"),
        ("duration", "50"),
        ("duration", ""),
        ("price", ""),
        ("price", "cheap"),
        ("price", "99.99"),
        ("price", "5.001"),
        ("price", "-5000"),
        ("price", "10000001"),
        ("description", "x" * 4001),
        ("bookingMode", "LATER"),
        ("cancellationPolicy", ""),
        ("meetingLink", "http://meet.google.com/abc"),
        ("meetingLink", "https://192.168.0.1/room"),
        ("courseId", "react"),
        ("courseId", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays_typed(tunde, signed_in, field, value):
    answer = signed_in(tunde).post(SCHEDULE, TYPED | {field: value})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert not Offering.objects.exists()
    assert f'id="offering_{field}_error"' in text
    assert re.findall(r'id="offering_(\w+)_error"', text) == [field]
    for other, typed in TYPED.items():
        if other in ("title", "price") and other != field:
            assert f'value="{typed}"' in text
    assert "data-open" in text


def test_another_tutors_course_is_refused_as_if_it_were_not_there(mei, react, signed_in):
    answer = signed_in(mei).post(SCHEDULE, TYPED | {"courseId": str(react.pk)})
    assert answer.status_code == 422
    assert not Offering.objects.exists()


def test_editing_shows_what_stands_and_saves_what_is_typed(tunde, react, signed_in):
    own = make_offering(tunde, course=react, price=5_000_50)
    path = f"{SCHEDULE}/{own.pk}"
    shown = signed_in(tunde).get(path).content.decode()
    assert 'value="React code review"' in shown
    assert 'value="5,000.50"' in shown
    answer = signed_in(tunde).post(path, TYPED, follow=True)
    assert "Offering saved" in answer.content.decode()
    own.refresh_from_db()
    assert (own.title, own.course, own.price) == ("Deep React", None, 7_500_50)
    answer = signed_in(tunde).post(path, TYPED | {"price": "1"})
    assert answer.status_code == 422
    assert 'value="1"' in answer.content.decode()


def test_deleting_says_what_it_means_for_booked_sessions_and_leaves_them_alone(tunde, ada, offering, signed_in):
    booked = book(offering, ada)
    book(offering, ada, status="CANCELLED", payment="FAILED")
    browser = signed_in(tunde)
    assert "1 booked" in browser.get(SCHEDULE).content.decode()
    assert "1 session is booked. It stays as it is" in browser.get(f"{SCHEDULE}/{offering.pk}/delete").content.decode()
    assert Offering.objects.get().withdrawn_at is None
    answer = browser.post(f"{SCHEDULE}/{offering.pk}/delete", follow=True)
    assert "Offering deleted" in answer.content.decode()
    assert "React code review" not in browser.get(SCHEDULE).content.decode()
    booked.refresh_from_db()
    assert (booked.status, booked.offering_id) == ("SCHEDULED", offering.pk)
    assert browser.post(f"{SCHEDULE}/{offering.pk}/delete").status_code == 404


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/delete"])
def test_strangers_signed_out_and_students(path, client, tunde, mei, ada, admin, offering, signed_in):
    address = SCHEDULE + path.format(id=offering.pk)
    for send in ("get", "post"):
        answer = getattr(client, send)(address, TYPED)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/?next=")
        for person in (ada, admin):
            assert getattr(signed_in(person), send)(address, TYPED).status_code == 403
        if path:
            assert getattr(signed_in(mei), send)(address, TYPED).status_code == 404
            assert (
                getattr(signed_in(tunde), send)(address.replace(str(offering.pk), str(uuid.uuid4()))).status_code == 404
            )
    offering.refresh_from_db()
    assert (offering.title, offering.withdrawn_at) == ("React code review", None)
    assert not Offering.objects.exclude(tutor__in=[tunde, mei]).exists()


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/delete"])
def test_a_form_without_the_token_is_refused(path, tunde, offering, signed_in):
    answer = signed_in(tunde, csrf=True).post(SCHEDULE + path.format(id=offering.pk), TYPED)
    assert answer.status_code == 403
    assert Offering.objects.get().withdrawn_at is None


def test_fields_that_no_form_has_change_nothing(tunde, mei, offering, signed_in):
    extra = {"tutor": str(mei.pk), "tutor_id": str(mei.pk), "withdrawn_at": "2026-01-01", "currency": "USD", "id": "1"}
    signed_in(tunde).post(f"{SCHEDULE}/{offering.pk}", TYPED | extra)
    offering.refresh_from_db()
    assert (offering.tutor, offering.withdrawn_at, offering.currency) == (tunde, None, "NGN")
