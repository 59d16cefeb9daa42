"""The demo data: whole, lively, always the same, and true to the rules."""

from __future__ import annotations

from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from oluko.accounts.models import Person
from oluko.accounts.people import has_verified_email
from oluko.bookings.models import LIVE, Booking, PaymentStatus, Status
from oluko.calendars.claims import quarters
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.courses.models import Course, Enrolment
from oluko.demo.courses import COURSES
from oluko.demo.seed import seed
from oluko.demo.thumbnails import FOLDER, draw
from oluko.ledger.models import Account, AuditEntry, Transfer
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.models import Payment, Problem, ReviewItem
from oluko.payments.release import release_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(db: None) -> None:
    assert seed()


def person(login: str) -> Person:
    return Person.objects.get(email=f"{login}@demo.test")


def test_the_demo_people_sign_in_and_are_verified(seeded: None, client: Client) -> None:
    roles = {
        "ada": "STUDENT",
        "bola": "STUDENT",
        "zainab": "STUDENT",
        "tunde": "TUTOR",
        "mei": "MENTOR",
        "admin": "ADMIN",
    }
    for login, role in roles.items():
        assert person(login).role == role
        assert has_verified_email(person(login))
        assert client.login(email=f"{login}@demo.test", password="demo")
    assert person("tunde").time_zone == "Africa/Lagos"
    assert person("mei").time_zone == "Asia/Shanghai"
    assert person("admin").is_superuser


def test_there_is_as_much_as_the_demo_promises(seeded: None) -> None:
    assert Person.objects.filter(role__in=["TUTOR", "MENTOR"]).count() == 2 + 30
    assert Offering.objects.count() == 120
    lessons = Course.objects.annotate(lesson_count=Count("lessons")).values_list("lesson_count", flat=True)
    assert len(lessons) == 8
    assert {5, 6, 7, 8} >= set(lessons)
    assert set(Booking.objects.values_list("status", flat=True)) >= {"COMPLETED", "CANCELLED", "REJECTED", "NO_SHOW"}


def test_ada_has_completed_tundes_course(seeded: None) -> None:
    course = Course.objects.get(slug="react-foundations")
    assert (course.title, course.tutor) == ("React Foundations", person("tunde"))
    assert Enrolment.objects.get(person=person("ada"), course=course).completed_at is not None
    assert course.offerings.filter(tutor=person("tunde")).count() >= 3


def test_only_who_teaches_or_made_a_course_links_offerings_to_it(seeded: None) -> None:
    linked = Offering.objects.filter(course__isnull=False)
    assert not linked.exclude(Q(course__tutor=F("tutor")) | Q(course__creator=F("tutor"))).exists()
    assert not Course.objects.filter(Q(tutor=person("mei")) | Q(creator=person("mei"))).exists()


def test_ada_and_tunde_have_written_and_met(seeded: None, client: Client) -> None:
    """A thread before the next session; notes, tasks and who was there of the last one."""
    shared = Booking.objects.filter(student=person("ada"), tutor=person("tunde"))
    ahead = shared.filter(status=Status.SCHEDULED).earliest("scheduled_at")
    assert [message.author for message in ahead.conversation.order_by("pk")] == [
        person("ada"),
        person("tunde"),
        person("ada"),
    ]
    assert all(ahead.created_at < message.created_at <= clock.now() for message in ahead.conversation.all())
    held = shared.filter(status=Status.COMPLETED).latest("scheduled_at")
    assert held.note.text
    assert [task.done_at is None for task in held.tasks.all()] == [False, True]
    last = Booking.objects.filter(status=Status.COMPLETED).latest("scheduled_at")
    assert {stay.person_id for stay in last.attendance.all()} == {last.student_id, last.tutor_id}
    client.force_login(person("ada"))
    assert held.note.text.split()[0] in client.get(f"/mentorship/session/{held.pk}/messages").content.decode()


def test_a_reported_problem_waits_for_the_operator_and_holds_its_money(seeded: None) -> None:
    problem = Problem.objects.get()
    assert problem.booking.release_held
    assert problem.booking.released_at is None
    assert ReviewItem.objects.get(kind="PROBLEM").detail["problem"] == str(problem.pk)
    release_due()
    assert Booking.objects.get(pk=problem.booking_id).released_at is None


def test_zainab_is_a_stranger_to_everything(seeded: None) -> None:
    zainab = person("zainab")
    assert not Booking.objects.filter(Q(student=zainab) | Q(tutor=zainab)).exists()
    assert not Notification.objects.filter(person=zainab).exists()
    assert not Claim.objects.filter(person=zainab).exists()


def test_seeding_again_changes_nothing(seeded: None) -> None:
    counts = [model.objects.count() for model in (Person, Offering, Booking, Transfer, Notification)]
    out = StringIO()
    call_command("seed", stdout=out)
    assert "nothing was changed" in out.getvalue()
    assert [model.objects.count() for model in (Person, Offering, Booking, Transfer, Notification)] == counts


def test_a_site_with_people_of_its_own_is_left_alone(ada: Person) -> None:
    assert not seed()
    assert Person.objects.count() == 1


def test_with_a_paystack_key_it_refuses_in_one_line(db: None, settings: object) -> None:
    settings.OLUKO_SANDBOX = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=r"^Demo data is for the sandbox mode; a Paystack key is set\.$"):
        call_command("seed")
    assert not Person.objects.exists()


def test_the_books_balance_and_agree_with_the_bookings(seeded: None) -> None:
    for account in Account.objects.all():
        debited = sum(account.debits.values_list("amount", flat=True))
        credited = sum(account.credits.values_list("amount", flat=True))
        sign = 1 if account.kind in Account.DEBIT_NORMAL else -1
        assert account.balance == sign * (debited - credited), account
        assert account.kind not in Account.NEVER_NEGATIVE or account.balance >= 0
    paid = Payment.objects.filter(status=Payment.Status.PAID)
    assert Transfer.objects.filter(kind="charge_tutor").count() == paid.count()
    tunde = Account.objects.get(kind=Account.Kind.TUTOR_AVAILABLE, person_id=person("tunde").pk)
    assert tunde.balance > 0
    assert not Account.objects.filter(kind=Account.Kind.REFUNDS_DUE).exclude(balance=0).exists()


def test_nobody_is_in_two_sessions_at_once(seeded: None) -> None:
    held: set[tuple[object, int]] = set()
    happened = Booking.objects.filter(Q(status__in=LIVE) | Q(status__in=[Status.COMPLETED, Status.NO_SHOW]))
    for booking in happened:
        for someone in (booking.tutor_id, booking.student_id):
            for quarter in quarters(booking.scheduled_at, booking.duration):
                assert (someone, quarter) not in held
                held.add((someone, quarter))


def test_live_bookings_hold_their_time_and_no_others_do(seeded: None) -> None:
    live = set(Booking.objects.filter(status__in=LIVE).values_list("pk", flat=True))
    assert set(Claim.objects.values_list("booking_id", flat=True)) == live
    for booking in Booking.objects.filter(status__in=LIVE):
        quarters_held = Claim.objects.filter(booking_id=booking.pk, person_id=booking.student_id).count()
        assert quarters_held == booking.duration // 15
        assert set(Claim.objects.filter(booking_id=booking.pk).values_list("expires_at", flat=True)) == {
            booking.deadline
        }


def test_every_instant_of_a_session_lies_on_the_quarter_hour(seeded: None) -> None:
    for booking in Booking.objects.all():
        assert (booking.scheduled_at.minute % 15, booking.scheduled_at.second, booking.scheduled_at.microsecond) == (
            0,
            0,
            0,
        )


def test_states_fit_together(seeded: None) -> None:
    bookings = Booking.objects.all()
    held = bookings.filter(status__in=[Status.COMPLETED, Status.NO_SHOW])
    assert not held.exclude(payment_status=PaymentStatus.PAID).exists()
    assert not held.filter(Q(ended_at__isnull=True) | Q(release_at__isnull=True)).exists()
    assert not bookings.filter(status=Status.REJECTED).exclude(rejected_at__isnull=False).exists()
    assert not bookings.filter(status=Status.CANCELLED).exclude(cancelled_at__isnull=False).exists()
    audited = AuditEntry.objects.filter(subject="booking")
    for booking in bookings:
        trail = list(audited.filter(subject_id=str(booking.pk)).order_by("id"))
        assert trail[0].from_state == ""
        assert trail[-1].to_state == booking.status
        assert all(earlier.to_state == later.from_state for earlier, later in pairwise(trail))
        assert all(earlier.at <= later.at for earlier, later in pairwise(trail))


def test_ada_meets_tunde_tomorrow_and_tunde_has_a_request_to_answer(seeded: None) -> None:
    ahead = Booking.objects.get(student=person("ada"), tutor=person("tunde"), status=Status.SCHEDULED)
    assert ahead.payment_status == PaymentStatus.PAID
    assert ahead.meeting_url
    assert Booking.objects.filter(tutor=person("tunde"), status=Status.PENDING_MENTOR_REVIEW).exists()


@pytest.mark.parametrize("login", ["ada", "bola"])
def test_those_who_try_it_out_have_all_their_holds_left(seeded: None, login: str) -> None:
    open_now = Booking.objects.filter(status__in=LIVE, payment_status=PaymentStatus.PENDING)
    assert not open_now.filter(student=person(login)).exists()


def test_it_is_the_same_every_time(db: None, django_db_blocker: object) -> None:
    def facts() -> list[object]:
        return [
            list(Person.objects.order_by("email").values_list("id", "email", "created_at")),
            list(Offering.objects.order_by("id").values_list("id", "title", "price", "cancellation_policy")),
            list(Booking.objects.order_by("id").values_list("id", "status", "scheduled_at", "student__email")),
        ]

    from django.db import transaction

    both = []
    for _time in range(2):
        with transaction.atomic():
            seed.__wrapped__()  # type: ignore[attr-defined]
            both.append(facts())
            transaction.set_rollback(True)
    assert both[0] == both[1]


def test_it_takes_few_queries(db: None, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(4000):
        seed()
    assert connection.in_atomic_block


def test_pictures_are_what_the_rule_draws_and_small() -> None:
    for course in COURSES:
        text = (FOLDER / f"{course.slug}.svg").read_text()
        assert text == draw(course.slug)
        assert len(text.encode()) < 3_000
