"""A file is what its bytes are; what is kept of it can do no harm."""

from __future__ import annotations

import io
import zlib
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.conversations.files import LARGEST_FILE, LARGEST_SIDE, PREVIEW_SIDE, check_file
from oluko.conversations.models import Attachment, Message
from oluko.core.errors import Invalid
from oluko.offerings.models import BookingMode
from tests.conversations.conftest import file, page_of, picture, post

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED = {
    "drawing.svg": SVG,
    "drawing.png": SVG,
    "bom.svg": b"\xef\xbb\xbf  " + SVG,
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "page.txt": b"\n\n <html><body onload=alert(1)>",
    "page.xml": b"<?xml version='1.0'?><x/>",
    "comment.txt": b"<!-- --><script>alert(1)</script>",
    "program.exe": b"MZ\x90\x00" + bytes(60),
    "archive.zip": b"PK\x03\x04" + bytes(60),
    "utf16.txt": "<html>".encode("utf-16"),
    "latin1.txt": "caf\xe9".encode("latin-1"),
    "null.txt": b"text\x00text",
    "empty.txt": b"",
    "gifar.gif": b"GIF89a/*<script>alert(1)</script>*/",
    "broken.png": b"\x89PNG\r\n\x1a\n" + b"x" * 50,
    "broken.jpg": b"\xff\xd8\xff\xe0" + b"x" * 50,
    "broken.webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"x" * 50,
    "tiff.png": b"II*\x00" + bytes(50),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_by_its_bytes(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_file(name, REFUSED[name])
    assert "files" in refusal.value.errors
    assert name in refusal.value.message


@pytest.mark.parametrize(
    ("form", "kind", "ending"),
    [("PNG", "PNG", "png"), ("JPEG", "JPEG", "jpg"), ("WEBP", "WEBP", "webp"), ("GIF", "PNG", "png")],
)
def test_pictures_are_drawn_anew(form: str, kind: str, ending: str) -> None:
    sent = picture(form) + b"<script>alert(1)</script>"
    kept = check_file("my.photo.html", sent)
    assert (kept.kind, kept.name, kept.width, kept.height) == (kind, f"my.photo.{ending}", 60, 40)
    assert b"script" not in kept.content
    assert Image.open(io.BytesIO(kept.content)).format == kind
    assert Image.open(io.BytesIO(kept.preview)).format == "WEBP"


def test_nothing_of_camera_or_program_is_left() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Ada's house"
    exif[0x0112] = 6
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "Ada's house")
    for sent in (picture("JPEG", exif=exif), picture("PNG", pnginfo=told), picture("WEBP", exif=exif)):
        kept = check_file("x", sent)
        assert b"Ada's house" not in kept.content + (kept.preview or b"")
        assert not Image.open(io.BytesIO(kept.content)).getexif()
    turned = check_file("x.jpg", picture("JPEG", exif=exif))
    assert (turned.width, turned.height) == (40, 60)


def test_large_pictures_become_smaller_and_keep_what_is_clear() -> None:
    kept = check_file("x.png", picture("PNG", (4000, 1000)))
    assert (kept.width, kept.height) == (LARGEST_SIDE, 640)
    assert max(Image.open(io.BytesIO(kept.preview)).size) == PREVIEW_SIDE
    drawn = io.BytesIO()
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(drawn, "PNG")
    assert Image.open(io.BytesIO(check_file("x", drawn.getvalue()).content)).mode == "RGBA"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it is this large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(1024 * 1024))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (7000, 7000), (2**31 - 1, 1), (1, 2**31 - 1)])
def test_bombs_are_not_unfolded(width: int, height: int) -> None:
    with pytest.raises(Invalid):
        check_file("bomb.png", bomb(width, height))


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("notes.txt", b"Hello", "notes.txt"),
        ("read.me.MD", b"# Hello", "read.me.MD"),
        ("run.bat", b"echo hello", "run.bat.txt"),
        ("page.html", b"Hello", "page.html.txt"),
        ("../../etc/passwd", b"root", "passwd.txt"),
        ("C:\\x\\run.js", b"alert(1)", "run.js.txt"),
        ("a\r\nSet-Cookie: x.txt", b"Hello", "a Set-Cookie_ x.txt"),
        ("gpj.\u202etxt.exe", b"Hello", "gpj.txt.exe.txt"),
        ("", b"Hello", "text.txt"),
        ("...", b"Hello", "text.txt"),
        ("x" * 300, b"Hello", "x" * 100 + ".txt"),
        ("paper.exe", b"%PDF-1.7 x", "paper.pdf"),
        (".pdf", b"%PDF-1.7 x", "pdf.pdf"),
        ("Ọ̀rọ̀ ☕.txt", "Ẹ káàárọ̀".encode(), "Ọ̀rọ̀ ☕.txt"),
        ('<img src=x onerror="alert(1)">.txt', b"Hello", "_img src=x onerror=_alert(1)__.txt"),
    ],
)
def test_names_say_what_a_file_is(name: str, content: bytes, kept: str) -> None:
    assert check_file(name, content).name == kept


@pytest.fixture
def sent(paid: Booking, ada: Person, signed_in) -> list[Attachment]:
    """What Ada sends: a picture, a paper, a text."""
    answer = post(
        signed_in(ada),
        paid,
        "",
        file("x.png", picture()),
        file("paper.pdf", b"%PDF-1.7 x"),
        file("Ọ̀rọ̀.txt", b"Hello"),
    )
    assert answer.status_code == 302
    return list(Attachment.objects.all())


def test_files_come_back_harmless(sent: list[Attachment], paid: Booking, tunde: Person, signed_in) -> None:
    drawn, paper, text = [signed_in(tunde).get(page_of(paid, f"/files/{each.pk}")) for each in sent]
    assert [drawn["Content-Type"], paper["Content-Type"]] == ["image/png", "application/pdf"]
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert drawn["Content-Disposition"] == 'inline; filename="x.png"'
    assert paper["Content-Disposition"] == 'attachment; filename="paper.pdf"'
    assert text["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    for answer in (drawn, paper, text):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "script" not in answer["Content-Security-Policy"]
        assert "private" in answer["Cache-Control"]
    small = signed_in(tunde).get(page_of(paid, f"/files/{sent[0].pk}?preview"))
    assert small["Content-Type"] == "image/webp"
    assert paper.content == b"%PDF-1.7 x"


def test_files_of_a_conversation_are_anothers(
    sent: list[Attachment], paid: Booking, zainab: Person, mei: Person, admin: Person, signed_in
) -> None:
    for person in (zainab, mei, admin):
        assert signed_in(person).get(page_of(paid, f"/files/{sent[0].pk}")).status_code == 404


def test_a_file_is_found_in_its_own_thread_alone(
    sent: list[Attachment], offering: Any, bola: Person, at: Any, signed_in
) -> None:
    other = book(bola, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at + timedelta(hours=3))
    assert signed_in(bola).get(page_of(other, f"/files/{sent[0].pk}")).status_code == 404


def test_what_is_refused_is_said_at_the_field_and_keeps_the_words(paid: Booking, ada: Person, signed_in) -> None:
    answer = post(signed_in(ada), paid, "Look at <this>", file("drawing.svg", SVG))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_files_error"' in page
    assert "“drawing.svg” cannot be sent" in page
    assert "Look at &lt;this&gt;" in page
    assert not Message.objects.exists()


def test_five_files_and_large_ones_are_refused(paid: Booking, ada: Person, signed_in) -> None:
    many = post(signed_in(ada), paid, "", *[file(f"{n}.txt", b"x") for n in range(5)])
    large = post(signed_in(ada), paid, "", file("large.txt", b"x" * (LARGEST_FILE + 1)))
    assert (many.status_code, large.status_code) == (422, 422)
    assert "At most four files" in many.content.decode()
    assert "“large.txt” has more than 5 MB." in large.content.decode()
    assert not Message.objects.exists()


def test_a_conversation_has_so_much_room(paid: Booking, ada: Person, tunde: Person, signed_in, monkeypatch) -> None:
    monkeypatch.setattr("oluko.conversations.threads.MOST_OF_BOOKING", 10)
    assert post(signed_in(ada), paid, "", file("a.txt", b"x" * 8)).status_code == 302
    full = post(signed_in(tunde), paid, "", file("b.txt", b"x" * 3))
    assert full.status_code == 422
    assert "have reached 50 MB" in full.content.decode()


def test_before_payment_no_file_is_taken(asked: Booking, ada: Person, signed_in) -> None:
    page = signed_in(ada).get(page_of(asked)).content.decode()
    assert 'type="file"' not in page
    answer = post(signed_in(ada), asked, "Hello", file("number.txt", b"08031234567"))
    assert answer.status_code == 422
    assert "Files can be sent once the session is paid." in answer.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_bodies_over_the_limit_are_refused_with_words(paid: Booking, ada: Person, signed_in, accept: str) -> None:
    client, headers = signed_in(ada), {"Accept": accept}
    body = {"content_type": "multipart/form-data; boundary=x", "headers": headers}
    whole = client.post(page_of(paid), b"x" * (21 * 1024 * 1024 + 1), **body)
    elsewhere = client.post(f"/mentorship/session/{paid.pk}/notes", b"x" * (256 * 1024 + 1), **body)
    form = {"content_type": "application/x-www-form-urlencoded", "headers": headers}
    words = client.post(page_of(paid), b"text=" + b"x" * (256 * 1024), **form)
    assert [whole.status_code, elsewhere.status_code, words.status_code] == [413, 413, 413]
    assert "At most 21 MB are taken." in whole.content.decode()
    for answer in (elsewhere, words):
        assert "At most 256 KB are taken." in answer.content.decode()
    if accept == "text/html":
        assert "nonce" in whole["Content-Security-Policy"]
