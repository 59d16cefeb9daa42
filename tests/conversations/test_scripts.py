"""Nothing that people write becomes part of the page: text, names of files, notes, tasks, the goal."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.homework import write_notes
from oluko.conversations.templatetags.conversation import linked
from tests.conversations.conftest import Say, file, page_of, post

PAYLOADS = """
<script>alert(1)</script>
<ScRiPt>alert(1)</sCrIpT>
<script src=//x.example/x.js></script>
<script src="data:text/javascript,alert(1)"></script>
</textarea><script>alert(1)</script>
</title><script>alert(1)</script>
--><script>alert(1)</script><!--
]]><script>alert(1)</script>
<img src=x onerror=alert(1)>
"><img src=x onerror=alert(1)>
'><img src=x onerror=alert(1)>
" autofocus onfocus=alert(1) x="
' autofocus onfocus=alert(1) x='
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<object data="data:text/html,<script>alert(1)</script>"></object>
<embed src="javascript:alert(1)">
<a href="javascript:alert(1)">x</a>
<a href=" &#106;avascript:alert(1)">x</a>
<form action="javascript:alert(1)"><button>x</button></form>
<button formaction="javascript:alert(1)">x</button>
<base href="//x.example/">
<meta http-equiv="refresh" content="0;url=javascript:alert(1)">
<link rel=stylesheet href="//x.example/x.css">
<style>@import '//x.example/x.css'</style>
<details open ontoggle=alert(1)>
<video><source onerror=alert(1)></video>
<body onload=alert(1)>
<div hx-get="/x" hx-trigger="load">x</div>
<div data-poll hx-on:load="alert(1)">x</div>
javascript:alert(1)
JaVaScRiPt://x.example/%0aalert(1)
data:text/html,<script>alert(1)</script>
https://x.example/"onmouseover="alert(1)
https://x.example/'onmouseover='alert(1)
https://x.example/<script>alert(1)</script>
https://x.example/?a=1&quot;onmouseover=&quot;alert(1)
{{ request.user.email }}{% load static %}
${alert(1)}`${alert(1)}`
\u202e<script>alert(1)</script>
＜script＞alert(1)＜/script＞
""".strip().splitlines()


class Page(HTMLParser):
    """What a browser would make of it: elements that run, attributes that run, and where links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.elements = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.elements += 1
        own = tag == "script" and (facts.get("src") or "").startswith("/static/")
        if tag in ("script", "iframe", "object", "embed", "base", "style", "animate", "math", "video") and not own:
            self.wrong.append(tag)
        self.wrong += [f"{tag} {name}" for name in facts if name.startswith(("on", "hx-on", "srcdoc"))]
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            address = facts.get(name) or ""
            if urlsplit(address).scheme not in ("", "http", "https") or address.startswith("//"):
                self.wrong.append(f"{tag} {name}={address}")
            if "x.example" in address and "ugc" not in (facts.get("rel") or ""):
                self.wrong.append(f"{tag} {name}={address}")


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) >= 40


@pytest.mark.django_db
def test_nothing_that_is_written_runs(held: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    for half in (PAYLOADS[::2], PAYLOADS[1::2]):
        for payload in half:
            say(ada, held, payload)
        Booking.objects.filter(pk=held.pk).update(notes="\n".join(half))
        write_notes(tunde, held.pk, "\n".join(half), [])
        for person in (ada, tunde):
            client = signed_in(person)
            for address in (
                page_of(held),
                page_of(held, "/thread"),
                f"/mentorship/session/{held.pk}",
                "/notifications",
            ):
                assert Page(client.get(address).content.decode()).wrong == [], address


@pytest.mark.django_db
def test_names_of_files_and_tasks_run_nothing(held: Booking, ada: Person, tunde: Person, signed_in) -> None:
    client = signed_in(ada)
    for start in range(0, len(PAYLOADS), 4):
        sent = [file(f"{payload}.txt", b"Hello") for payload in PAYLOADS[start : start + 4]]
        assert post(client, held, "", *sent).status_code == 302
    for start in range(0, len(PAYLOADS), 20):
        held.tasks.all().delete()
        write_notes(tunde, held.pk, "", PAYLOADS[start : start + 20])
        for person in (ada, tunde):
            assert Page(signed_in(person).get(page_of(held)).content.decode()).wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["<svg onload=alert(1)>.svg", '"><img src=x onerror=alert(1)>'])
def test_refusals_name_a_file_harmlessly(held: Booking, ada: Person, signed_in, name: str) -> None:
    answer = post(signed_in(ada), held, "</textarea><script>alert(1)</script>", file(name, b"<svg/>"))
    assert answer.status_code == 422
    assert Page(answer.content.decode()).wrong == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see https://x.example/a.", 'see <a href="https://x.example/a"'),
        ("(https://x.example/a_(b))", '(<a href="https://x.example/a_(b)"'),
        ("HTTPS://X.example", '<a href="HTTPS://X.example"'),
        ("https://x.example/?a=1&b=2", 'href="https://x.example/?a=1&amp;b=2"'),
    ],
)
def test_links_are_links_that_vouch_for_nothing(text: str, html: str) -> None:
    drawn = linked(text)
    assert html in drawn
    assert 'rel="noopener noreferrer nofollow ugc"' in drawn


@pytest.mark.parametrize(
    "text", ["ftp://x.example", "javascript:alert(1)", "//x.example", "mailto:a@x.example", "x.example"]
)
def test_other_schemes_are_words(text: str) -> None:
    assert "<a" not in linked(text)
