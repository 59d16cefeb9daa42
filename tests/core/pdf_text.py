"""Reads the words of a PDF back out, by the fonts' own tables: what is not in them cannot be copied or searched."""

from __future__ import annotations

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_text(file: bytes) -> str:
    """All that the file shows, a line for each piece, in the order in which it is drawn."""
    objects = {int(number): body for number, body in OBJECT.findall(file)}
    fonts = {
        int(name): _letters(objects, objects[int(number)])
        for body in objects.values()
        for name, number in re.findall(rb"/F(\d+) (\d+) 0 R", body)
    }
    lines: list[str] = []
    for body in objects.values():
        if b" Tj" in (drawn := _stream(body)):
            lines += _shown(drawn, fonts)
    return "\n".join(lines)


def fonts_of(file: bytes) -> set[str]:
    """The names of the fonts that are embedded."""
    return {name.decode() for name in re.findall(rb"/FontName /[A-Z]+\+([\w-]+)", file)}


def _shown(drawn: bytes, fonts: dict[int, dict[int, str]]) -> list[str]:
    lines, letters = [], {}
    for font, text in SHOWN.findall(drawn):
        if font:
            letters = fonts[int(font)]
            continue
        raw = re.sub(rb"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), text, flags=re.DOTALL)
        codes = [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]
        lines.append("".join(letters[code] for code in codes))
    return lines


def _letters(objects: dict[int, bytes], font: bytes) -> dict[int, str]:
    table = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert table, font
    pairs = re.findall(rb"<(\w{4})> <(\w+)>", _stream(objects[int(table[1])]))
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    if not found:
        return b""
    return zlib.decompress(found[1]) if b"FlateDecode" in body else found[1]
