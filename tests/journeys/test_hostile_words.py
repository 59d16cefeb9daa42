"""Whatever two people write to each other, a real browser shows it and runs none of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Dialog, Page, expect

from tests.conversations.test_scripts import PAYLOADS
from tests.journeys import steps
from tests.journeys.pages import sign_in
from tests.serving import Site, own_site

WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => window.ran.push(name);
document.addEventListener("securitypolicyviolation", (event) => window.ran.push(event.violatedDirective));
"""
ARRANGE = """
import json, uuid
from datetime import timedelta
from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.conversations.files import check_file
from oluko.conversations.threads import send_message
from oluko.offerings.models import BookingMode
from tests.cast import make_offering, make_person
from tests.conversations.test_scripts import PAYLOADS
from tests.paying import pay
from tests.times import next_monday
lines = PAYLOADS
tutor, student = make_person("Tutor-Hostile", Person.Role.TUTOR), make_person("Student-Hostile")
terms = offered_terms(make_offering(tutor).pk)
made = book(student, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday(), notes="".join(lines)[:1000])
booking = pay(made)
for line in lines:
    send_message(student, booking.pk, line, key=uuid.uuid4())
for line in lines[:4]:
    file = check_file(line.replace("/", "") + ".txt", b"Plain words.")
    send_message(student, booking.pk, "", key=uuid.uuid4(), files=[file])
print(json.dumps([str(booking.pk), booking.scheduled_at.isoformat(), student.email, tutor.email]))
"""

site = own_site(seeded=False)


def test_nothing_that_is_written_runs(new_page: Callable[..., Page], site: Site) -> None:
    """Messages, names of files, the goal, notes and tasks, on both pages and for both people."""
    key, starts, student_mail, tutor_mail = json.loads(site.oluko("shell", "-c", ARRANGE).splitlines()[-1])
    steps.set_clock(site, datetime.fromisoformat(starts) + timedelta(minutes=90))
    lines, path = PAYLOADS, f"/mentorship/session/{key}"
    tutor, student = new_page(), new_page()
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    for page, mail in ((tutor, tutor_mail), (student, student_mail)):
        page.on("dialog", refuse)
        page.add_init_script(WATCH)
        sign_in(page, mail)
        page.goto(f"{path}/messages")
        if page is tutor:
            page.get_by_label("Notes").fill("\n".join(lines[:30]))
            page.get_by_label("Add tasks").fill("\n".join(lines[:12]))
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text("Student-Hostile is told.")).to_be_visible()
        expect(page.get_by_text(lines[0]).first).to_be_visible()
        assert page.evaluate("window.ran") == []
        page.goto(path)
        expect(page.get_by_role("heading", name="Messages")).to_be_visible()
        assert page.evaluate("window.ran") == []
    assert dialogs == []
