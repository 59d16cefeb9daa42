"""Our objects in the wire's shape (`answers.py`): plain dictionaries, because hot reads have no time for models."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from oluko.accounts.models import Person
from oluko.bookings.cancellations import Terms
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.moves import live_proposal
from oluko.calendars.models import Availability
from oluko.core import clock
from oluko.core.clock import iso
from oluko.core.money import major
from oluko.courses.models import Course
from oluko.ledger.models import Transfer
from oluko.ledger.wallets import Wallet
from oluko.notifications.models import Notification
from oluko.offerings.marketplace import Listing
from oluko.offerings.models import Offering
from oluko.payments.checkout import Checkout
from oluko.payouts.models import BankAccount, Payout

type Json = dict[str, Any]


def booking(row: Booking) -> Json:
    """A booking as MentorshipSession; with `proposedAt` while a proposal of its tutor waits for an answer."""
    paid = row.payment_status == PaymentStatus.PAID
    proposed = live_proposal(row, clock.now()) if row.proposed_at else None
    session = {
        "id": str(row.pk),
        "title": row.title,
        "description": row.description or None,
        "duration": row.duration,
        "price": major(row.price),
        "currency": row.currency,
        "status": row.status,
        "paymentStatus": row.payment_status,
        "bookingMode": row.booking_mode,
        "isOffering": False,
        "studentId": str(row.student_id),
        "tutorId": str(row.tutor_id),
        "courseId": _id(row.course_id),
        "offeringId": _id(row.offering_id),
        "meetingUrl": (row.meeting_url or None) if paid else None,
        "scheduledAt": iso(row.scheduled_at),
        "startedAt": _at(row.started_at),
        "endedAt": _at(row.ended_at),
        "approvalNotes": row.approval_notes or None,
        "rejectedAt": _at(row.rejected_at),
        "approvalDeadline": _at(row.approval_deadline),
        "payBy": _at(row.pay_by),
        "createdAt": iso(row.created_at),
        "tutor": person(row.tutor),
        "student": person(row.student),
        "course": _course(row.course),
    }
    return session | ({"proposedAt": iso(proposed)} if proposed else {})


def offering(row: Offering) -> Json:
    """An offering as MentorshipSession."""
    return _offering(
        row.pk, row, row.course_id, created_at=row.created_at, tutor=person(row.tutor), course=_course(row.course)
    )


def listing(row: Listing) -> Json:
    """A row of the marketplace as MentorshipSession."""
    course = {"id": str(row.course_id), "title": row.course_title, "slug": row.course_slug} if row.course_id else None
    tutor = {"id": str(row.tutor_id), "name": row.tutor_name, "avatar": _photo(row.photo)}
    return _offering(row.id, row, row.course_id, created_at=row.created_at, tutor=tutor, course=course)


def _offering(
    pk: UUID, row: Offering | Listing, course_id: UUID | None, *, created_at: datetime, tutor: Json, course: Json | None
) -> Json:
    return {
        "id": str(pk),
        "title": row.title,
        "description": row.description or None,
        "duration": row.duration,
        "price": major(row.price),
        "currency": row.currency,
        "status": Status.SCHEDULED.value,
        "paymentStatus": PaymentStatus.PENDING.value,
        "bookingMode": row.booking_mode,
        "isOffering": True,
        # The diagram's placeholder: a listing has no student.
        "studentId": str(row.tutor_id),
        "tutorId": str(row.tutor_id),
        "courseId": _id(course_id),
        "offeringId": str(pk),
        "meetingUrl": None,
        "scheduledAt": None,
        "startedAt": None,
        "endedAt": None,
        "approvalNotes": None,
        "rejectedAt": None,
        "approvalDeadline": None,
        "payBy": None,
        "createdAt": iso(created_at),
        "tutor": tutor,
        "student": None,
        "course": course,
    }


def person(row: Person) -> Json:
    """Somebody as others see them."""
    profile = getattr(row, "tutor_profile", None) if row.teaches else None
    return {"id": str(row.pk), "name": row.name, "avatar": profile.photo.url if profile and profile.photo else None}


def course(row: Course) -> Json:
    return {"id": str(row.pk), "title": row.title, "slug": row.slug, "thumbnail": row.thumbnail_url or None}


def checkout(row: Checkout) -> Json:
    return {
        "session": booking(row.booking),
        "reference": row.reference,
        "authorizationUrl": row.authorization_url,
    }


def availability(row: Availability) -> Json:
    return {
        "timezone": row.time_zone,
        "weekly": row.weekly,
        "exceptions": [{"date": day, "ranges": ranges} for day, ranges in sorted(row.exceptions.items())],
        "bufferMinutes": row.buffer_minutes,
        "minimumNoticeHours": row.minimum_notice_hours,
        "horizonDays": row.horizon_days,
        "slotStepMinutes": row.slot_step_minutes,
        "dailyCap": row.daily_cap,
    }


def terms(row: Terms) -> Json:
    return {
        "refund": major(row.refund),
        "tutorKeeps": major(row.tutor_keeps),
        "platformKeeps": major(row.platform_keeps),
        "currency": row.currency,
        "changesAt": [{"at": iso(at), "refund": major(refund)} for at, refund in row.changes_at],
    }


def money_line(row: Transfer) -> Json:
    """One transfer: what is debited gives, what is credited gets."""
    return {
        "at": iso(row.at),
        "kind": row.kind,
        "from": row.debit.kind,
        "to": row.credit.kind,
        "amount": major(row.amount),
        "currency": row.currency,
    }


def wallet(row: Wallet) -> Json:
    return {
        "pending": major(row.pending),
        "available": major(row.available),
        "onTheWay": major(row.on_the_way),
        "paid": major(row.paid),
        "currency": row.currency,
    }


def bank_account(row: BankAccount) -> Json:
    return {"bankName": row.bank_name, "accountName": row.account_name, "accountNumber": row.account_number}


def payout(row: Payout) -> Json:
    return {
        "id": str(row.pk),
        "amount": major(row.amount),
        "currency": row.currency,
        "status": row.status,
        "reference": row.reference,
    }


def notification(row: Notification) -> Json:
    return {
        "id": row.pk,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "url": row.url or None,
        "sessionId": _id(row.booking_id),
        "createdAt": iso(row.created_at),
        "readAt": _at(row.read_at),
    }


def _photo(path: str) -> str | None:
    return default_storage.url(path) if path else None


def _course(row: Course | None) -> Json | None:
    return {"id": str(row.pk), "title": row.title, "slug": row.slug} if row else None


def _id(value: UUID | None) -> str | None:
    return str(value) if value else None


def _at(instant: datetime | None) -> str | None:
    return iso(instant) if instant else None
