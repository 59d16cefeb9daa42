"""A calendar as tutors keep one elsewhere, for trying out and for rehearsals: GET /calendars/tunde.ics.

Its busy times repeat every week, so that there are some ahead whatever the clock of Oluko says.
"""

from hashlib import sha256

from starlette.responses import Response

from sandbox.calls import Call

#: Title, first start and length on Lagos's clock, and what else the event says.
EVENTS = (
    ("Team meeting", "20240101T100000", "PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE"),
    ("Lunch", "20240101T123000", "PT45M", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("School run", "20240102T150500", "PT40M", "RRULE:FREQ=WEEKLY;BYDAY=TU,TH"),
    ("Focus (shown as free)", "20240105T090000", "PT3H", "RRULE:FREQ=WEEKLY;BYDAY=FR\r\nTRANSP:TRANSPARENT"),
    ("Choir, called off", "20240104T110000", "PT2H", "RRULE:FREQ=WEEKLY;BYDAY=TH\r\nSTATUS:CANCELLED"),
)
EVENT = (
    "BEGIN:VEVENT\r\nUID:{number}@calendars.sandbox\r\nDTSTAMP:20240101T000000Z\r\n"
    "DTSTART;TZID=Africa/Lagos:{start}\r\nDURATION:{length}\r\nSUMMARY:{title}\r\n{more}\r\nEND:VEVENT\r\n"
)
CALENDARS = {
    "tunde.ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Oluko//Sandbox//EN\r\nX-WR-TIMEZONE:Africa/Lagos\r\n"
    + "".join(
        EVENT.format(number=number, title=title.replace(",", "\\,"), start=start, length=length, more=more)
        for number, (title, start, length, more) in enumerate(EVENTS, start=1)
    )
    + "END:VCALENDAR\r\n"
}


def show_calendar(call: Call) -> Response:
    """GET /calendars/NAME.ics, with an ETag as calendars' servers send one."""
    text = CALENDARS.get(call.path["name"])
    if text is None:
        return Response(status_code=404)
    headers = {"etag": f'"{sha256(text.encode()).hexdigest()[:16]}"', "cache-control": "no-cache"}
    if call.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/calendar", headers=headers)
