"""`POST /action/NAME`: what people do, for their programs. Each one parses, calls one function of a room, renders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Header, Router

from oluko.api import answers, schemas, wire
from oluko.api.auth import Caller, paying, saving_account, signed_in, teaching
from oluko.api.bodies import JsonObject
from oluko.api.describing import SECURED, responses
from oluko.api.rendering import answer
from oluko.bookings.access import get_shared, get_tutored
from oluko.bookings.models import Status
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import mark_session
from oluko.calendars.availability import availability_of, set_availability
from oluko.core.money import major
from oluko.courses.courses import courses_taught_by
from oluko.dashboards.student import ready_for_payment, student_tab
from oluko.dashboards.tutor import pending_approvals, tutor_tab
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.notifications.notifications import mark_read
from oluko.offerings.offerings import create_offering, offerings_of, update_offering, withdraw_offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import begin_checkout, proceed_with_payment
from oluko.payouts.bank_accounts import save_bank_account
from oluko.payouts.payouts import request_payout

router = Router(tags=["Actions"], by_alias=True)

type Operation = Callable[..., HttpResponse]


def action(
    name: str, gives: Any, *refusals: int, who: Callable[..., Any] = signed_in
) -> Callable[[Operation], Operation]:
    """Publish a function as `POST /action/NAME`.

    `who` finds the caller or refuses; `refusals` are the statuses that it may end with beside those of every action.
    """

    def publish(operation: Operation) -> Operation:
        register = router.post(
            f"/action/{name}",
            auth=who,
            operation_id=name,
            url_name=name,
            summary=name,
            response=responses(gives, 401, 403, 413, 422, *refusals),
            openapi_extra=SECURED,
        )
        published: Operation = register(operation)
        return published

    return publish


@action("createMentorshipOffering", answers.MentorshipSession, 404, who=teaching)
def create(request: Caller, data: Annotated[schemas.OfferingFacts, JsonObject(...)]) -> HttpResponse:
    """List an offering. 404 for a course that you neither teach nor created."""
    return answer(wire.offering(create_offering(request.auth, **data.facts())))


@action("updateMentorshipOffering", answers.MentorshipSession, 404)
def update(request: Caller, data: Annotated[schemas.OfferingChanges, JsonObject(...)]) -> HttpResponse:
    """Change one of your offerings; bookings keep what they bought."""
    return answer(wire.offering(update_offering(request.auth, data.offering_id, **data.changes())))


@action("deleteMentorshipOffering", answers.Success, 404)
def delete(request: Caller, data: Annotated[schemas.OfferingNamed, JsonObject(...)]) -> HttpResponse:
    """Take one of your offerings off the marketplace for good; its bookings are untouched."""
    withdraw_offering(request.auth, data.offering_id)
    return answer({"success": True})


@action("getTutorMentorshipOfferings", list[answers.MentorshipSession])
def own_offerings(request: Caller, data: Annotated[schemas.Nothing, JsonObject(...)]) -> HttpResponse:
    """What you list, the newest first."""
    return answer([wire.offering(row) for row in offerings_of(request.auth)])


@action("getTutorCourses", list[answers.Course])
def own_courses(request: Caller, data: Annotated[schemas.Nothing, JsonObject(...)]) -> HttpResponse:
    """The courses that you teach or created, by title."""
    return answer([wire.course(row) for row in courses_taught_by(request.auth)])


@action("beginMentorshipCheckout", answers.Checkout, 404, 409, who=paying)
def begin(request: Caller, data: Annotated[schemas.Wanted, JsonObject(...)]) -> HttpResponse:
    """Book a time and start to pay it, or request it.

    Asked again for the same offering, time and mode while the hold lives, the same session and reference. 403 for
    your own offering, and for a request before your e-mail address is verified; 409 when the time is taken; 429 with
    three unpaid times and open requests; 503 when the payment provider gives no page: the booking is kept.
    """
    return answer(wire.checkout(begin_checkout(request.auth, **data.wanted())))


@action("approveMentorshipRequest", answers.MentorshipSession, 404, 409)
def approve(request: Caller, data: Annotated[schemas.Approval, JsonObject(...)]) -> HttpResponse:
    """Accept a request to you; the student then has 24 hours to pay."""
    return answer(wire.booking(approve_request(request.auth, data.session_id, notes=data.notes or "")))


@action("rejectMentorshipRequest", answers.MentorshipSession, 404, 409)
def reject(request: Caller, data: Annotated[schemas.Rejection, JsonObject(...)]) -> HttpResponse:
    """Decline a request to you, with a reason that the student reads."""
    return answer(wire.booking(reject_request(request.auth, data.session_id, reason=data.reason)))


@action("proceedWithApprovedBookingPayment", answers.Checkout, 404, 409, who=paying)
def proceed(request: Caller, data: Annotated[schemas.SessionNamed, JsonObject(...)]) -> HttpResponse:
    """Pay a booking of yours that awaits payment; the same reference while that can still be paid."""
    return answer(wire.checkout(proceed_with_payment(request.auth, data.session_id)))


@action("cancelMentorshipSession", answers.CancelledSession, 404, 409)
def cancel(request: Caller, data: Annotated[schemas.Cancelling, JsonObject(...)]) -> HttpResponse:
    """Cancel a booking that you take part in; what goes back follows its policy, and a tutor gives all back."""
    # Operators cancel in the admin, where their reason is asked for.
    session = get_shared(request.auth, data.session_id)
    cancelled = cancel_booking(request.auth, session.pk, reason=data.reason or "")
    return answer(wire.booking(cancelled.booking) | {"refund": major(cancelled.refund)})


@action("rescheduleMentorshipSession", answers.MentorshipSession, 404, 409)
def reschedule(request: Caller, data: Annotated[schemas.Rescheduling, JsonObject(...)]) -> HttpResponse:
    """Move a scheduled session that you booked; if you teach it, propose another time to the student.

    The student moves it as long as a cancellation would give everything back, to a time that can be booked, and
    nothing is paid again; later only the tutor can propose (409 `too_late_to_move`). A proposal may lie outside the
    tutor's hours, holds no time, takes the place of the one before, and shows as `proposedAt` until it is answered.
    409 `time_taken` when somebody has the time, `day_full` when the tutor takes no more sessions on that day.
    """
    return answer(wire.booking(reschedule_session(request.auth, data.session_id, data.scheduled_at)))


@action("answerRescheduleProposal", answers.MentorshipSession, 404, 409)
def answer_reschedule(request: Caller, data: Annotated[schemas.ProposalAnswer, JsonObject(...)]) -> HttpResponse:
    """Accept your tutor's proposal, which moves the session, or decline it.

    409 `no_proposal` when none waits, `time_taken` when somebody has the time by now; the proposal then stays.
    """
    answered = answer_proposal(request.auth, data.session_id, accept=data.accept, proposed_at=data.proposed_at)
    return answer(wire.booking(answered))


@action("setMentorshipMeetingUrl", answers.MentorshipSession, 404, 409)
def give_link(request: Caller, data: Annotated[schemas.MeetingLink, JsonObject(...)]) -> HttpResponse:
    """Give a paid session a meeting link of your own."""
    return answer(wire.booking(set_meeting_url(request.auth, data.session_id, data.meeting_url)))


@action("updateTutorMentorshipSessionStatus", answers.MentorshipSession, 404, 409)
def mark(request: Caller, data: Annotated[schemas.Marking, JsonObject(...)]) -> HttpResponse:
    """Start a session of yours, or say how it ended. CANCELLED gives all back."""
    if data.status == Status.CANCELLED:
        session = get_tutored(request.auth, data.session_id)
        return answer(wire.booking(cancel_booking(request.auth, session.pk).booking))
    return answer(wire.booking(mark_session(request.auth, data.session_id, Status(data.status))))


@action("getTutorPendingApprovals", list[answers.MentorshipSession])
def to_answer(request: Caller, data: Annotated[schemas.Nothing, JsonObject(...)]) -> HttpResponse:
    """Requests that await your answer, the most urgent first."""
    return answer([wire.booking(row) for row in pending_approvals(request.auth)])


@action("getApprovedSessionsReadyForPayment", list[answers.MentorshipSession])
def to_pay(request: Caller, data: Annotated[schemas.Nothing, JsonObject(...)]) -> HttpResponse:
    """Approved requests of yours that await payment, the most urgent first."""
    return answer([wire.booking(row) for row in ready_for_payment(request.auth)])


@action("getTutorMentorshipSessions", answers.Sessions)
def tutored(request: Caller, data: Annotated[schemas.TutorTab, JsonObject(...)]) -> HttpResponse:
    """The sessions that you teach, as the tabs of your dashboard hold them; all without a tab."""
    page = tutor_tab(request.auth, data.tab, data.cursor, data.limit)
    return answer({"sessions": [wire.booking(row) for row in page.bookings], "nextCursor": page.next_cursor})


@action("getStudentMentorshipSessions", answers.Sessions)
def booked(request: Caller, data: Annotated[schemas.StudentTab, JsonObject(...)]) -> HttpResponse:
    """The sessions that you booked, as the tabs of your dashboard hold them; all without a tab."""
    if data.tab == "book":
        return answer({"sessions": [], "nextCursor": None})
    page = student_tab(request.auth, data.tab, data.cursor, data.limit)
    return answer({"sessions": [wire.booking(row) for row in page.bookings], "nextCursor": page.next_cursor})


@action("getTutorAvailability", answers.Availability, who=teaching)
def hours(request: Caller, data: Annotated[schemas.Nothing, JsonObject(...)]) -> HttpResponse:
    """When you can be booked."""
    return answer(wire.availability(availability_of(request.auth)))


@action("setTutorAvailability", answers.Availability, who=teaching)
def set_hours(request: Caller, data: Annotated[schemas.AvailabilityChanges, JsonObject(...)]) -> HttpResponse:
    """Change when you can be booked; bookings that exist are untouched."""
    return answer(wire.availability(set_availability(request.auth, **data.changes())))


@action("saveBankAccount", answers.BankAccount, who=saving_account)
def save_account(request: Caller, data: Annotated[schemas.AccountNamed, JsonObject(...)]) -> HttpResponse:
    """Where you are paid to, as the payment provider resolves it.

    A change is told to you by mail, and nothing is paid out for 24 hours. 422 for an account that it does not know; 503
    when it does not answer.
    """
    saved = save_bank_account(request.auth, bank_code=data.bank_code, account_number=data.account_number)
    return answer(wire.bank_account(saved))


@action("requestPayout", answers.Requested, 409, who=teaching)
def pay_out(
    request: Caller,
    data: Annotated[schemas.PayoutWanted, JsonObject(...)],
    idempotency_key: Annotated[str, Header(..., max_length=200)] = "",
) -> HttpResponse:
    """Pay out a part of what is available, or all of it. 409 without a bank account, and for more than there is.

    Sent again with the same `Idempotency-Key`, as after an answer that never came, it is the same payout.
    """
    return answer({"payout": wire.payout(request_payout(request.auth, data.amount, key=idempotency_key))})


@action("markNotificationsRead", answers.Unread)
def mark_notifications(request: Caller, data: Annotated[schemas.ReadMarks, JsonObject(...)]) -> HttpResponse:
    """Mark notifications of yours read."""
    return answer({"unread": mark_read(request.auth, data.marked())})
