"""The built-in room on the join page: whether it stands there, and what its script is told."""

from __future__ import annotations

import json
from datetime import datetime

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, Booking
from oluko.core import clock
from oluko.meetings.room import Link
from oluko.meetings.room_seats import is_open

#: What the page calls the room among the things that may stand on its stage.
STAGE = "room"
# The chat is the booking's thread.
_THREAD = {"thread": "thread", "write": "messages", "read": "read"}


def has_room(booking: Booking, person: Person, link: Link, now: datetime, *, shown: bool) -> bool:
    """Whether the page shows the room; `shown` if it does already, for then nothing but its hours takes it away."""
    if person.pk not in (booking.student_id, booking.tutor_id) or not is_open(booking, now):
        return False
    return shown or (link.in_room and booking.status not in FINAL)


def room_facts(request: HttpRequest, booking: Booking, other: Person) -> dict[str, str]:
    """Addresses and words for the script, as JSON for two attributes."""
    steps = ("enter", "poll", "send", "leave")
    config = {
        "id": str(booking.pk),
        "csrf": get_token(request),
        "zone": timezone.get_current_timezone_name(),
        "now": clock.iso(clock.now()),
        "urls": {step: reverse(f"room_{step}", args=[booking.pk]) for step in steps}
        | {step: reverse(f"session_{name}", args=[booking.pk]) for step, name in _THREAD.items()},
    }
    return {"config": json.dumps(config), "words": json.dumps(_before(other.name) | _during(other.name))}


def _before(name: str) -> dict[str, str]:
    """What is said while the devices are tried out."""
    return {
        "ask": _("Try camera and microphone"),
        "ask_again": _("Try again"),
        "enter": _("Enter the room"),
        "enter_listening": _("Enter without them"),
        "preview_before": _("This is where you see yourself."),
        "preview_off": _("Your camera is off."),
        "there": _("%(name)s is in the room.") % {"name": name},
        "not_there": _("%(name)s is not in the room yet.") % {"name": name},
        "camera": _("Camera"),
        "microphone": _("Microphone"),
        "insecure": _("Browsers allow camera and microphone on https pages only. You can still listen and write."),
        "denied": _(
            "Your browser keeps camera and microphone from this page. Press the sign beside its address, allow both, "
            "and try again. You can also go in to listen and write."
        ),
        "denied_camera": _("Your browser keeps the camera from this page. Allow it beside the page's address."),
        "denied_microphone": _("Your browser keeps the microphone from this page. Allow it beside the page's address."),
        "missing": _("No camera and no microphone were found. You can go in to listen and write."),
        "missing_camera": _("No camera was found. You will be heard, but not seen."),
        "missing_microphone": _("No microphone was found. You will be seen, but not heard."),
        "busy": _("Another program uses camera or microphone. Close it there, and try again."),
        "busy_camera": _("Another program uses the camera. Close it there, and try again."),
        "busy_microphone": _("Another program uses the microphone. Close it there, and try again."),
        "unreachable": _("The room cannot be reached just now. Try again in a moment."),
        "closed": _("The room is closed."),
        "out": _("You are signed out. Load the page again to sign in."),
    }


def _during(name: str) -> dict[str, str]:
    """What is said in the room."""
    who = {"name": name}
    return {
        "entering": _("Entering…"),
        "waiting": _("Waiting for %(name)s") % who,
        "connecting": _("%(name)s is here. Connecting…") % who,
        "together": _("Connected with %(name)s") % who,
        "reconnecting": _("Interrupted. Reconnecting to %(name)s…") % who,
        "left": _("%(name)s has left.") % who,
        "offline": _("You are offline. Reconnecting…"),
        "taken": _("You went in on another page. This one rests."),
        "you_left": _("You have left the room."),
        "no_way": _(
            "The two browsers do not find each other. We keep trying; another network, such as a phone's, often helps."
        ),
        "mute": _("Mute"),
        "unmute": _("Unmute"),
        "camera_on": _("Camera on"),
        "camera_off": _("Camera off"),
        "screen_on": _("Share"),
        "screen_off": _("Stop sharing"),
        "full_on": _("Full screen"),
        "full_off": _("Smaller"),
        "good": _("Good line"),
        "weak": _("Weak line"),
        "poor": _("Poor line"),
        "poor_help": _("The line is poor. With your camera off, you are heard better."),
        "new_message": _("%(name)s has written.") % who,
        "chat_waiting": _("Not sent yet; we keep trying."),
        "you": _("You"),
        "other": name,
    }
