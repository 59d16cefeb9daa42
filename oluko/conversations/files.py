"""Files that people send: what they are is decided by their bytes, never by their names.

Pictures are drawn anew, without whatever else lay in them; PDF and plain text are only ever downloads; the rest is
refused.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from oluko.conversations.models import Kind
from oluko.core.errors import Invalid

LARGEST_FILE = 5 * 1024 * 1024
MOST_FILES = 4
MOST_OF_BOOKING = 50 * 1024 * 1024
LARGEST_SIDE = 2560
PREVIEW_SIDE = 640
# A small file may unfold into a huge picture; more than this is refused before it is unfolded.
MOST_PIXELS = 40_000_000

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG", Kind.PNG),
    (b"\xff\xd8\xff", "JPEG", Kind.JPEG),
    # Of an animation the first picture is kept.
    (b"GIF87a", "GIF", Kind.PNG),
    (b"GIF89a", "GIF", Kind.PNG),
)
_ENDINGS = {Kind.PNG: "png", Kind.JPEG: "jpg", Kind.WEBP: "webp", Kind.PDF: "pdf"}
# Endings that no system runs; other plain text gets `.txt` behind its name.
_TEXTS = ("txt", "md", "csv", "log")
_NAME = 100
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Checked:
    """A file as it may be kept; sizes in pixels, for pictures alone."""

    name: str
    kind: Kind
    content: bytes
    width: int | None = None
    height: int | None = None
    preview: bytes | None = None


def check_file(name: str, content: bytes) -> Checked:
    """What is kept of a file of at most LARGEST_FILE bytes. Raises Invalid (`files`)."""
    name = " ".join(name.replace("\\", "/").rsplit("/", 1)[-1].split())
    if len(content) > LARGEST_FILE:
        raise _refused(_("“%(name)s” has more than 5 MB."), name)
    if not content:
        raise _refused(_("“%(name)s” is empty."), name)
    for start, decoder, kind in _PICTURES:
        if content.startswith(start):
            return _redraw(name, content, decoder, kind)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _redraw(name, content, "WEBP", Kind.WEBP)
    if content.startswith(b"%PDF-"):
        return Checked(_named(name, Kind.PDF), Kind.PDF, content)
    if _is_text(content):
        return Checked(_named(name, Kind.TEXT), Kind.TEXT, content)
    raise _refused(_("“%(name)s” cannot be sent: pictures (PNG, JPEG, WebP, GIF), PDF and plain text can."), name)


def _redraw(name: str, content: bytes, decoder: str, kind: Kind) -> Checked:
    try:
        image = Image.open(io.BytesIO(content), formats=[decoder])
        if image.width * image.height > MOST_PIXELS:
            raise _refused(_("“%(name)s” has too many pixels."), name)
        # A JPEG can be unfolded to a fraction of its size; others ignore it.
        image.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        upright = ImageOps.exif_transpose(image)
        drawn = upright.convert("RGBA" if upright.has_transparency_data and kind != Kind.JPEG else "RGB")
    except (
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        EOFError,
        IndexError,
    ) as wrong:
        raise _refused(_("“%(name)s” is not a picture that we can read."), name) from wrong
    drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    fresh = _encode(drawn, kind)
    if len(fresh) > LARGEST_FILE:
        kind, fresh = Kind.WEBP, _encode(drawn, Kind.WEBP)
    width, height = drawn.size
    drawn.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return Checked(_named(name, kind), kind, fresh, width, height, _encode(drawn, Kind.WEBP))


def _encode(image: Image.Image, kind: Kind) -> bytes:
    """Only the pixels: a fresh image carries no EXIF, no colour profile, no comment."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    kept = io.BytesIO()
    bare.save(kept, kind.value, **({} if kind == Kind.PNG else {"quality": 85 if kind == Kind.JPEG else 78}))
    return kept.getvalue()


def _is_text(content: bytes) -> bool:
    """Whether it is plain UTF-8; what begins with a tag is a page or a drawing, whatever it is called."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and not text.lstrip().startswith("<")


def _named(name: str, kind: Kind) -> str:
    """The name that it is downloaded by: no path, no invisible sign, and the ending of what it is."""
    visible = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C")
    bare = re.sub(r'[<>:"|?*]', "_", visible).strip(". ")
    stem, _dot, ending = bare.rpartition(".")
    if kind == Kind.TEXT:
        return (
            bare[:_NAME]
            if stem and ending.lower() in _TEXTS and len(bare) <= _NAME
            else f"{bare[:_NAME] or 'text'}.txt"
        )
    return f"{(stem or bare)[:_NAME] or 'file'}.{_ENDINGS[kind]}"


def _refused(words: str, name: str) -> Invalid:
    return Invalid("file_refused", words % {"name": name[:60]}, field="files")
