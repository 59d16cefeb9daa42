"""What everybody gets, route by route: one line a method, route and thing, one column a person.

    in    asked to sign in (the sign-in page, or 401)
    200   answered, and where the method is POST something was written
    302   done, and sent on; something was written
    =     behind a number: answered, and nothing was written
    else  refused, and nothing was written

`at` is the booking that the address or the body names. A method that has no line is 405.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from oluko.bookings.calendar_files import feed_token
from oluko.core.clock import iso
from oluko.notifications.kinds import Group
from oluko.notifications.unsubscribing import off_address
from tests.access.world import BANK, WALKERS, World
from tests.cast import PASSWORD

TABLE = """
#                                                            at     visitor ada  zainab tunde mei  admin
GET  /                                                       -      200     200  200    200   200  200
GET  courses                                                 -      200     200  200    200   200  200
GET  courses/<slug:slug>                                     -      200     200  200    200   200  200
GET  courses/<slug:slug>/complete                            -      in      200  302    302   302  302
POST courses/<slug:slug>/complete/dismiss                    -      in      302  404    404   404  404
GET  courses/<slug:slug>/enrol                               -      in      302  302    302   302  302
POST courses/<slug:slug>/enrol                               -      in      302= 302    302   302  302
POST courses/<slug:slug>/lessons/<int:lesson_id>/done        -      in      302= 404    404   404  404
GET  healthz                                                 -      200     200  200    200   200  200
GET  readyz                                                  -      503     503  503    503   503  503
GET  sandbox/look                                            -      200     200  200    200   200  200
GET  photos/<str:name>                                       -      200     200  200    200   200  200
GET  zone                                                    -      200     200  200    200   200  200
POST zone                                                    -      302=    302  302    302   302  302

GET  mentorship                                              -      200     200  200    200   200  200
GET  mentorship/offerings/<uuid:offering_id>                 -      200     200  200    200   200  200
POST mentorship/offerings/<uuid:offering_id>/book            -      in      302  302    302=  302  302
GET  mentorship/checkout/<uuid:booking_id>                   held   in      200  404    404   404  404
GET  mentorship/checkout/<uuid:booking_id>                   ahead  in      302  404    404   404  404
POST mentorship/checkout/<uuid:booking_id>                   held   in      302= 404    404   404  404
POST mentorship/checkout/<uuid:booking_id>/again             held   in      302= 404    404   404  404
POST mentorship/checkout/<uuid:booking_id>/still-paying      held   in      302= 404    404   404  404
GET  mentorship/verify-payment                               held   in      200  404    404   404  404

GET  mentorship/session/<uuid:booking_id>                    asked  in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>                    held   in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>                    ahead  in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>                    begun  in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>                    past   in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>/state              begun  in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>/money              past   in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>/refunds            past   in      200  404    200   404  200
GET  mentorship/session/<uuid:booking_id>/receipt            past   in      200  404    404   404  200
GET  mentorship/session/<uuid:booking_id>/receipt            held   in      404  404    404   404  404
GET  mentorship/session/<uuid:booking_id>/receipt.pdf        past   in      200  404    404   404  200
GET  mentorship/session/<uuid:booking_id>/messages           past   in      200  404    200   404  200
POST mentorship/session/<uuid:booking_id>/messages           asked  in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/messages           past   in      302  404    302   404  404
GET  mentorship/session/<uuid:booking_id>/messages/thread    past   in      200  404    200   404  404
GET  mentorship/session/<uuid:booking_id>/messages/files/<uuid:attachment_id> past in 200 404 200 404 404
POST mentorship/session/<uuid:booking_id>/messages/open      past   in      404  404    404   404  302
POST mentorship/session/<uuid:booking_id>/messages/read      past   in      302= 404    302   404  404
POST mentorship/session/<uuid:booking_id>/notes              past   in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/notes              ahead  in      404  404    409   404  404
POST mentorship/session/<uuid:booking_id>/tasks/<int:task_id> past  in      302  404    404   404  404
POST mentorship/session/<uuid:booking_id>/approve            asked  in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/reject             asked  in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/start              begun  in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/room/enter         begun  in      200  404    200   404  404
POST mentorship/session/<uuid:booking_id>/room/enter         ahead  in      409  404    409   404  404
POST mentorship/session/<uuid:booking_id>/room/poll          begun  in      200= 404    200=  404  404
POST mentorship/session/<uuid:booking_id>/room/send          begun  in      422  404    422   404  404
POST mentorship/session/<uuid:booking_id>/room/leave         begun  in      200= 404    200=  404  404
POST mentorship/session/<uuid:booking_id>/complete           over   in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/no-show            over   in      404  404    302   404  404
POST mentorship/session/<uuid:booking_id>/tutor-absent       over   in      404  404    302   404  404
GET  mentorship/session/<uuid:booking_id>/host               begun  in      404  404    404   404  404
GET  mentorship/session/<uuid:booking_id>/zoom               begun  in      404  404    404   404  404
POST mentorship/session/<uuid:booking_id>/here               begun  in      200  404    200   404  404
POST mentorship/session/<uuid:booking_id>/meeting-link       ahead  in      404  404    302   404  404
GET  mentorship/session/<uuid:booking_id>/move               ahead  in      200  404    200   404  404
GET  mentorship/session/<uuid:booking_id>/move               past   in      200  404    200   404  404
POST mentorship/session/<uuid:booking_id>/move               held   in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/move               ahead  in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/move               begun  in      409  404    409   404  404
POST mentorship/session/<uuid:booking_id>/proposal           ahead  in      302  404    404   404  404
GET  mentorship/session/<uuid:booking_id>/problem            over   in      200  404    200   404  200
POST mentorship/session/<uuid:booking_id>/problem            over   in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/problem            ahead  in      409  404    409   404  404
GET  mentorship/session/<uuid:booking_id>/cancel             ahead  in      200  404    200   404  404
POST mentorship/session/<uuid:booking_id>/cancel             asked  in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/cancel             held   in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/cancel             ahead  in      302  404    302   404  404
POST mentorship/session/<uuid:booking_id>/cancel             begun  in      409  404    302   404  404
POST mentorship/session/<uuid:booking_id>/cancel             past   in      409  404    409   404  404

GET  notifications                                           -      in      200  200    200   200  200
GET  notifications/bell                                      -      in      200  200    200   200  200
POST notifications/read                                      -      in      302  302=   302=  302= 302=
GET  notifications/settings                                  -      in      200  200    200   200  200
POST notifications/settings                                  -      in      302  302    302   302  302
GET  notifications/off/<str:signed>                           -      200     200  200    200   200  200
POST notifications/off/<str:signed>                           -      200     200  200    200   200  200
POST notifications/push                                      -      in      422  422    422   422  422
POST notifications/push/off                                  -      in      200= 200=   200=  200= 200=
GET  push-worker.js                                          -      200     200  200    200   200  200
GET  profile                                                 -      in      200  200    200   200  200
POST profile                                                 -      in      302  302    302   302  302
POST profile/mentor                                          -      in      302  302    409   409  409
POST profile/tokens                                          -      in      200  200    200   200  200
POST profile/tokens/<int:token_id>/revoke                    -      in      302  404    404   404  404
POST profile/tutor                                           -      in      403  403    302   302  403

GET  calendar                                                -      in      200  200    200   200  200
GET  calendar/<str:token>.ics                                -      200     200  200    200   200  200
POST calendar/renew                                          -      in      302  302    302   302  302
POST calendar/outside                                        -      in      403  403    302   302  403
POST calendar/outside/<int:calendar_id>/read                 -      in      403  403    302   404  403
POST calendar/outside/<int:calendar_id>/remove               -      in      403  403    302   404  403

GET  student/mentorship                                      -      in      200  200    200   200  200
GET  student/mentorship/live                                 -      in      200  200    200   200  200
GET  tutor/analytics                                         -      in      403  403    200   200  403
GET  tutor/availability                                      -      in      403  403    200   200  403
POST tutor/availability                                      -      in      403  403    302   302  403
POST tutor/availability/preview                              -      in      403  403    200=  200= 403
GET  tutor/mentorship                                        -      in      403  403    200   200  403
GET  tutor/mentorship/live                                   -      in      403  403    200   200  403
GET  tutor/mentorship/schedule                               -      in      403  403    200   200  403
POST tutor/mentorship/schedule                               -      in      403  403    302   302  403
GET  tutor/mentorship/schedule/<uuid:offering_id>            -      in      403  403    200   404  403
POST tutor/mentorship/schedule/<uuid:offering_id>            -      in      403  403    302   404  403
GET  tutor/mentorship/schedule/<uuid:offering_id>/delete     -      in      403  403    200   404  403
POST tutor/mentorship/schedule/<uuid:offering_id>/delete     -      in      403  403    302   404  403
GET  tutor/bank-account                                      -      in      403  403    200   200  403
POST tutor/bank-account                                      -      in      403  403    200=  200= 403
GET  tutor/bank-account/banks                                -      in      403  403    200   200  403
POST tutor/bank-account/save                                 -      in      403  403    302   302  403
GET  tutor/payouts                                           -      in      403  403    200   200  403
POST tutor/payouts                                           -      in      403  403    302   409  403
POST tutor/payouts/weekly                                    -      in      403  403    302   422  403
GET  tutor/payouts/<uuid:payout_id>                          -      in      403  403    200   404  403
POST tutor/payouts/<uuid:payout_id>/call-off                 -      in      403  403    302   404  403
GET  tutor/wallet                                            -      in      403  403    200   200  403
GET  tutor/wallet/statements                                  -      in      403  403    200   200  403
GET  tutor/wallet/statements/<slug:month>                     -      in      403  403    200   404  403
GET  tutor/wallet/statements/<slug:month>.csv                 -      in      403  403    200   404  403
GET  tutor/wallet/statements/<slug:month>.pdf                 -      in      403  403    200   404  403

GET  ^(?:api|action)(?:/.*)?$                                -      404     404  404    404   404  404
POST ^(?:api|action)(?:/.*)?$                                -      404     404  404    404   404  404
GET  api/docs                                                -      200     200  200    200   200  200
GET  api/openapi.json                                        -      200     200  200    200   200  200
GET  api/banks                                               -      in      200  200    200   200  200
GET  api/mentorship/offerings                                -      200     200  200    200   200  200
GET  api/mentorship/offerings/<offering_id>                  -      200     200  200    200   200  200
GET  api/mentorship/offerings/<offering_id>/slots            -      200     200  200    200   200  200
GET  api/mentorship/suggestions                              -      200     200  200    200   200  200
GET  api/mentorship/session/<session_id>                     asked  in      200  404    200   404  200
GET  api/mentorship/session/<session_id>                     past   in      200  404    200   404  200
GET  api/mentorship/session/<session_id>/cancellation        ahead  in      200  404    200   404  404
GET  api/mentorship/session/<session_id>/money               past   in      200  404    200   404  200
GET  api/notifications                                       -      in      200  200    200   200  200
GET  api/wallet                                              -      in      200  200    200   200  200
POST api/mentorship/proceed-payment                          held   in      200= 404    404   404  404
POST api/webhooks/paystack                                   -      in      401  401    401   401  401
POST api/webhooks/zoom                                       -      in      401  401    401   401  401

POST action/createMentorshipOffering                         -      in      403  403    200   200  403
POST action/updateMentorshipOffering                         -      in      404  404    200   404  404
POST action/deleteMentorshipOffering                         -      in      404  404    200   404  404
POST action/getTutorMentorshipOfferings                      -      in      200= 200=   200=  200= 200=
POST action/getTutorCourses                                  -      in      200= 200=   200=  200= 200=
POST action/beginMentorshipCheckout                          -      in      200  200    403   200  200
POST action/approveMentorshipRequest                         asked  in      404  404    200   404  404
POST action/rejectMentorshipRequest                          asked  in      404  404    200   404  404
POST action/proceedWithApprovedBookingPayment                held   in      200= 404    404   404  404
POST action/cancelMentorshipSession                          asked  in      200  404    200   404  404
POST action/cancelMentorshipSession                          held   in      200  404    200   404  404
POST action/cancelMentorshipSession                          ahead  in      200  404    200   404  404
POST action/rescheduleMentorshipSession                      held   in      200  404    200   404  404
POST action/rescheduleMentorshipSession                      ahead  in      200  404    200   404  404
POST action/answerRescheduleProposal                         ahead  in      200  404    404   404  404
POST action/setMentorshipMeetingUrl                          ahead  in      404  404    200   404  404
POST action/updateTutorMentorshipSessionStatus               over   in      404  404    200   404  404
POST action/updateTutorMentorshipSessionStatus               ahead  in      404  404    200   404  404
POST action/getTutorPendingApprovals                         -      in      200= 200=   200=  200= 200=
POST action/getApprovedSessionsReadyForPayment               -      in      200= 200=   200=  200= 200=
POST action/getTutorMentorshipSessions                       -      in      200= 200=   200=  200= 200=
POST action/getStudentMentorshipSessions                     -      in      200= 200=   200=  200= 200=
POST action/getTutorAvailability                             -      in      403  403    200=  200= 403
POST action/setTutorAvailability                             -      in      403  403    200   200  403
POST action/saveBankAccount                                  -      in      403  403    200   200  403
POST action/requestPayout                                    -      in      403  403    200   409  403
POST action/markNotificationsRead                            -      in      200  200=   200=  200= 200=
"""

METHODS = ("GET", "POST")
KEY = "9f0c1d7e-6f0a-4f0e-9d35-6a3f6f6a1c12"
PROGRAMS = ("api/", "action/")
# The return page has the payment looked at again: a job, and the row that says so.
WRITES_BY_GET = {"mentorship/verify-payment": {"django_tasks_database_dbtaskresult"}}


@dataclass(frozen=True)
class Line:
    """One line of the table; `cells` by person."""

    method: str
    route: str
    at: str
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.at}"

    @property
    def speaks_json(self) -> bool:
        return self.route.startswith(PROGRAMS) or self.route.endswith(("/room/enter", "/room/poll", "/room/send"))


def read_table() -> list[Line]:
    rows = [row.split() for row in TABLE.splitlines() if row and not row.startswith("#")]
    return [
        Line(method, "" if route == "/" else route, at, dict(zip(WALKERS, cells, strict=True)))
        for method, route, at, *cells in rows
    ]


LINES = read_table()


def unlisted() -> list[Line]:
    """The methods that a route does not take."""
    known = {(line.method, line.route) for line in LINES}
    routes = sorted({line.route for line in LINES})
    refused = dict.fromkeys(WALKERS, "405")
    return [Line(method, route, "-", refused) for route in routes for method in METHODS if (method, route) not in known]


def address(world: World, line: Line) -> str:
    """The line's route with the world's own things in its places."""
    if line.route.startswith("^"):
        return "/action/nothingOfTheKind"
    booking = world.bookings.get(line.at, world.bookings["ahead"])
    places = {
        "slug": world.course.slug,
        "lesson_id": world.course.lessons.latest("position").pk,
        "name": world.photo,
        "offering_id": world.offering.pk,
        "booking_id": booking.pk,
        "session_id": booking.pk,
        "token_id": world.token_id,
        "token": feed_token(world.people["ada"]),
        "signed": off_address(world.people["ada"], Group.REMINDERS).rsplit("/", 1)[1],
        "calendar_id": world.calendar_id,
        "payout_id": world.payout.pk,
        "attachment_id": world.attachment.pk,
        "task_id": world.task_id,
        "month": f"{world.now:%Y-%m}",
    }
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda place: str(places[place[1]]), line.route)
    queries = {
        "mentorship/verify-payment": f"?reference={world.payment.reference}",
        "api/mentorship/suggestions": f"?courseId={world.course.pk}",
    }
    return path + (queries.get(line.route, "") if line.method == "GET" else "")


def body(world: World, line: Line) -> dict[str, Any]:
    """Everything that the operation takes, and all of it good."""
    if line.method != "POST" or line.route not in BODIES:
        return {}
    sent = BODIES[line.route](world)
    if line.at != "-" and line.route.startswith(PROGRAMS):
        sent["sessionId"] = str(world.bookings[line.at].pk)
    if line.route == "action/updateTutorMentorshipSessionStatus" and line.at == "ahead":
        sent["status"] = "CANCELLED"
    return sent


def encoded(line: Line, sent: dict[str, Any]) -> dict[str, Any]:
    """The arguments with which Django's test client posts it."""
    if line.speaks_json or line.route.startswith("^"):
        return {"data": json.dumps(sent), "content_type": "application/json"}
    return {"data": sent}


def _listing(world: World) -> dict[str, Any]:
    return {
        "title": "Another hour",
        "description": "Of the same.",
        "duration": 30,
        "price": 2_500,
        "bookingMode": "REQUEST",
        "cancellationPolicy": "STRICT",
        "meetingLink": "https://meet.example.com/standing",
    }


def _week(world: World) -> dict[str, Any]:
    hours = {"mon-start": "10:00", "mon-end": "12:00", "x0-date": "", "x0-start": "", "x0-end": ""}
    return hours | {
        "zone": "Europe/London",
        "bufferMinutes": "15",
        "minimumNoticeHours": "3",
        "horizonDays": "30",
        "slotStepMinutes": "15",
        "dailyCap": "4",
    }


def _availability(world: World) -> dict[str, Any]:
    return {
        "timezone": "Europe/London",
        "weekly": {"mon": [["10:00", "12:00"]]},
        "exceptions": [],
        "bufferMinutes": 15,
        "minimumNoticeHours": 3,
        "horizonDays": 30,
        "slotStepMinutes": 15,
        "dailyCap": 4,
    }


def _booked(world: World) -> dict[str, Any]:
    return {
        "scheduled_at": (world.now.replace(minute=0) + timedelta(days=3)).isoformat(),
        "booking_mode": "INSTANT",
        "notes": "Hello",
    }


def _checkout(world: World) -> dict[str, Any]:
    # What is said of a session from scratch counts for nothing beside an offering.
    return {
        "offeringId": str(world.offering.pk),
        "tutorId": str(world.people["mei"].pk),
        "title": "Another title",
        "duration": 30,
        "bookingMode": "INSTANT",
        "scheduledAt": _booked(world)["scheduled_at"],
        "notes": "Hello",
    }


def _proposed(world: World) -> str:
    """The start that Tunde proposes for what lies ahead."""
    at = world.bookings["ahead"].proposed_at
    assert at is not None
    return iso(at)


BODIES: dict[str, Callable[[World], dict[str, Any]]] = {
    "zone": lambda world: {"zone": "Europe/London", "next": "/courses"},
    "notifications/settings": lambda world: {"on": "MAIL:SESSIONS", "quiet_from": "22:00", "quiet_until": "07:00"},
    "mentorship/offerings/<uuid:offering_id>/book": _booked,
    "mentorship/session/<uuid:booking_id>/approve": lambda world: {"notes": "Yes", "on": "dashboard"},
    "mentorship/session/<uuid:booking_id>/reject": lambda world: {"reason": "Away", "on": "dashboard"},
    "mentorship/session/<uuid:booking_id>/meeting-link": lambda world: {"meeting_url": "https://meet.example.com/x"},
    "mentorship/session/<uuid:booking_id>/room/leave": lambda world: {"seat": "00000000-0000-4000-8000-000000000000"},
    "mentorship/session/<uuid:booking_id>/cancel": lambda world: {"reason": "Ill"},
    "mentorship/session/<uuid:booking_id>/messages": lambda world: {"text": "Hello", "key": KEY},
    "mentorship/session/<uuid:booking_id>/messages/open": lambda world: {"why": "A problem was reported"},
    "mentorship/session/<uuid:booking_id>/messages/read": lambda world: {"last": str(world.attachment.message_id)},
    "mentorship/session/<uuid:booking_id>/notes": lambda world: {"note": "Read on", "tasks": "Draw it once"},
    "mentorship/session/<uuid:booking_id>/tasks/<int:task_id>": lambda world: {"do": "done"},
    "mentorship/session/<uuid:booking_id>/problem": lambda world: {"words": "Nobody came"},
    "mentorship/session/<uuid:booking_id>/move": lambda world: {
        "scheduled_at": iso(world.now + timedelta(hours=44, minutes=55))
    },
    "mentorship/session/<uuid:booking_id>/proposal": lambda world: {
        "answer": "accept",
        "proposed_at": _proposed(world),
    },
    "calendar/outside": lambda world: {"name": "Home", "address": "https://calendar.example.com/home.ics"},
    "notifications/read": lambda world: {"id": str(world.notification.pk)},
    "profile": lambda world: {"name": "New Name", "time_zone": "Europe/London"},
    "profile/tokens": lambda world: {"token_name": "laptop"},
    "profile/tutor": lambda world: {"headline": "New", "bio": "Words", "hourly_rate": "7000", "photo": ""},
    "tutor/availability": _week,
    "tutor/availability/preview": _week,
    "tutor/bank-account": lambda world: {"bank": BANK.name, "number": "0123456780"},
    "tutor/bank-account/save": lambda world: {"bank": BANK.code, "number": "0123456780", "password": PASSWORD},
    "tutor/payouts": lambda world: {"amount": "1,500", "key": "9f0c1d7e-6f0a-4f0e-9d35-6a3f6f6a1c11"},
    "tutor/payouts/weekly": lambda world: {"weekly": "on"},
    "tutor/mentorship/schedule": lambda world: _listing(world) | {"courseId": ""},
    "tutor/mentorship/schedule/<uuid:offering_id>": lambda world: _listing(world) | {"courseId": ""},
    "api/mentorship/proceed-payment": lambda world: {},
    "action/createMentorshipOffering": lambda world: _listing(world) | {"courseId": None},
    "action/updateMentorshipOffering": lambda world: (
        _listing(world) | {"courseId": None, "offeringId": str(world.offering.pk)}
    ),
    "action/deleteMentorshipOffering": lambda world: {"offeringId": str(world.offering.pk)},
    "action/beginMentorshipCheckout": _checkout,
    "action/approveMentorshipRequest": lambda world: {"notes": "Yes"},
    "action/rejectMentorshipRequest": lambda world: {"reason": "Away"},
    "action/proceedWithApprovedBookingPayment": lambda world: {},
    "action/cancelMentorshipSession": lambda world: {"reason": "Ill"},
    "action/rescheduleMentorshipSession": lambda world: {
        "scheduledAt": iso(world.now + timedelta(hours=44, minutes=55))
    },
    "action/answerRescheduleProposal": lambda world: {"accept": True, "proposedAt": _proposed(world)},
    "action/setMentorshipMeetingUrl": lambda world: {"meetingUrl": "https://meet.example.com/x"},
    "action/updateTutorMentorshipSessionStatus": lambda world: {"status": "COMPLETED"},
    "action/setTutorAvailability": _availability,
    "action/saveBankAccount": lambda world: {"bankCode": BANK.code, "accountNumber": "0123456780"},
    "action/requestPayout": lambda world: {"amount": 1_500},
    "action/markNotificationsRead": lambda world: {"ids": [world.notification.pk]},
}
