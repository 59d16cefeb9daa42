"""Who may reach what: every route of ours is either open to all or private, and private ones have their rule here.

A route is written as in `urls.py`, such as `mentorship/session/<uuid:booking_id>`. A route without a line fails the
suite, and so does a line without a route. Visitors who are not signed in are tried at every private one.
"""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """Who gets an answer; whoever does not gets 403 for want of a role, and 404 for want of a share in it."""

    SIGNED_IN = "signed in: one's own"
    TEACHES = "TUTOR or MENTOR: one's own"
    ITS_TUTOR = "its tutor"
    ITS_STUDENT = "its student"
    ITS_TWO = "its student or its tutor"
    OPERATORS = "operators"
    ITS_TWO_AND_OPERATORS = "its student, its tutor, operators"
    ITS_STUDENT_AND_OPERATORS = "its student, operators"


# Open to visitors who are not signed in. The expression answers unknown addresses of the API.
OPEN = {
    "",
    "^(?:api|action)(?:/.*)?$",
    "api/docs",
    "api/mentorship/offerings",
    "api/mentorship/offerings/<offering_id>",
    "api/mentorship/offerings/<offering_id>/slots",
    "api/mentorship/suggestions",
    "api/openapi.json",
    "api/webhooks/paystack",
    "api/webhooks/zoom",
    # Whoever has the secret address; that others get nothing is for tests/bookings/test_calendar_files.py.
    "calendar/<str:token>.ics",
    "courses",
    "courses/<slug:slug>",
    "healthz",
    "mentorship",
    "mentorship/offerings/<uuid:offering_id>",
    # Whoever has a link that we have signed; that others get nothing is for tests/notifications/test_choices.py.
    "notifications/off/<str:signed>",
    "photos/<str:name>",
    "push-worker.js",
    "readyz",
    "sandbox/look",
    "zone",
}

PRIVATE: dict[str, Rule] = {
    "action/answerRescheduleProposal": Rule.ITS_STUDENT,
    "action/approveMentorshipRequest": Rule.ITS_TUTOR,
    "action/beginMentorshipCheckout": Rule.SIGNED_IN,
    "action/cancelMentorshipSession": Rule.ITS_TWO,
    "action/createMentorshipOffering": Rule.TEACHES,
    "action/deleteMentorshipOffering": Rule.ITS_TUTOR,
    "action/getApprovedSessionsReadyForPayment": Rule.SIGNED_IN,
    "action/getStudentMentorshipSessions": Rule.SIGNED_IN,
    "action/getTutorAvailability": Rule.TEACHES,
    "action/getTutorCourses": Rule.SIGNED_IN,
    "action/getTutorMentorshipOfferings": Rule.SIGNED_IN,
    "action/getTutorMentorshipSessions": Rule.SIGNED_IN,
    "action/getTutorPendingApprovals": Rule.SIGNED_IN,
    "action/markNotificationsRead": Rule.SIGNED_IN,
    "action/proceedWithApprovedBookingPayment": Rule.ITS_STUDENT,
    "action/rejectMentorshipRequest": Rule.ITS_TUTOR,
    "action/requestPayout": Rule.TEACHES,
    "action/rescheduleMentorshipSession": Rule.ITS_TWO,
    "action/saveBankAccount": Rule.TEACHES,
    "action/setMentorshipMeetingUrl": Rule.ITS_TUTOR,
    "action/setTutorAvailability": Rule.TEACHES,
    "action/updateMentorshipOffering": Rule.ITS_TUTOR,
    "action/updateTutorMentorshipSessionStatus": Rule.ITS_TUTOR,
    "api/banks": Rule.SIGNED_IN,
    "api/mentorship/proceed-payment": Rule.ITS_STUDENT,
    "api/mentorship/session/<session_id>": Rule.ITS_TWO_AND_OPERATORS,
    "api/mentorship/session/<session_id>/cancellation": Rule.ITS_TWO,
    "api/mentorship/session/<session_id>/money": Rule.ITS_TWO_AND_OPERATORS,
    "api/notifications": Rule.SIGNED_IN,
    "api/wallet": Rule.SIGNED_IN,
    "calendar": Rule.SIGNED_IN,
    "calendar/outside": Rule.TEACHES,
    "calendar/outside/<int:calendar_id>/read": Rule.ITS_TUTOR,
    "calendar/outside/<int:calendar_id>/remove": Rule.ITS_TUTOR,
    "calendar/renew": Rule.SIGNED_IN,
    "courses/<slug:slug>/complete": Rule.SIGNED_IN,
    "courses/<slug:slug>/complete/dismiss": Rule.SIGNED_IN,
    "courses/<slug:slug>/enrol": Rule.SIGNED_IN,
    "courses/<slug:slug>/lessons/<int:lesson_id>/done": Rule.SIGNED_IN,
    "mentorship/checkout/<uuid:booking_id>": Rule.ITS_STUDENT,
    "mentorship/checkout/<uuid:booking_id>/again": Rule.ITS_STUDENT,
    "mentorship/checkout/<uuid:booking_id>/still-paying": Rule.ITS_STUDENT,
    "mentorship/offerings/<uuid:offering_id>/book": Rule.SIGNED_IN,
    "mentorship/session/<uuid:booking_id>": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/approve": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/cancel": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/complete": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/meeting-link": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/messages": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/messages/files/<uuid:attachment_id>": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/messages/open": Rule.OPERATORS,
    "mentorship/session/<uuid:booking_id>/messages/read": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/messages/thread": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/notes": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/tasks/<int:task_id>": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/money": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/refunds": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/move": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/no-show": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/tutor-absent": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/problem": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/proposal": Rule.ITS_STUDENT,
    "mentorship/session/<uuid:booking_id>/receipt": Rule.ITS_STUDENT_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/receipt.pdf": Rule.ITS_STUDENT_AND_OPERATORS,
    "mentorship/session/<uuid:booking_id>/reject": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/here": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/host": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/zoom": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/room/enter": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/room/leave": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/room/poll": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/room/send": Rule.ITS_TWO,
    "mentorship/session/<uuid:booking_id>/start": Rule.ITS_TUTOR,
    "mentorship/session/<uuid:booking_id>/state": Rule.ITS_TWO_AND_OPERATORS,
    "mentorship/verify-payment": Rule.ITS_STUDENT,
    "notifications": Rule.SIGNED_IN,
    "notifications/bell": Rule.SIGNED_IN,
    "notifications/push": Rule.SIGNED_IN,
    "notifications/push/off": Rule.SIGNED_IN,
    "notifications/read": Rule.SIGNED_IN,
    "notifications/settings": Rule.SIGNED_IN,
    "profile": Rule.SIGNED_IN,
    "profile/mentor": Rule.SIGNED_IN,
    "profile/tokens": Rule.SIGNED_IN,
    "profile/tokens/<int:token_id>/revoke": Rule.SIGNED_IN,
    "profile/tutor": Rule.TEACHES,
    "student/mentorship": Rule.SIGNED_IN,
    "student/mentorship/live": Rule.SIGNED_IN,
    "tutor/analytics": Rule.TEACHES,
    "tutor/availability": Rule.TEACHES,
    "tutor/availability/preview": Rule.TEACHES,
    "tutor/bank-account": Rule.TEACHES,
    "tutor/bank-account/banks": Rule.TEACHES,
    "tutor/bank-account/save": Rule.TEACHES,
    "tutor/mentorship": Rule.TEACHES,
    "tutor/mentorship/live": Rule.TEACHES,
    "tutor/mentorship/schedule": Rule.TEACHES,
    "tutor/mentorship/schedule/<uuid:offering_id>": Rule.ITS_TUTOR,
    "tutor/mentorship/schedule/<uuid:offering_id>/delete": Rule.ITS_TUTOR,
    "tutor/payouts": Rule.TEACHES,
    "tutor/payouts/<uuid:payout_id>": Rule.ITS_TUTOR,
    "tutor/payouts/<uuid:payout_id>/call-off": Rule.ITS_TUTOR,
    "tutor/payouts/weekly": Rule.TEACHES,
    "tutor/wallet": Rule.TEACHES,
    "tutor/wallet/statements": Rule.TEACHES,
    "tutor/wallet/statements/<slug:month>": Rule.TEACHES,
    "tutor/wallet/statements/<slug:month>.csv": Rule.TEACHES,
    "tutor/wallet/statements/<slug:month>.pdf": Rule.TEACHES,
}
