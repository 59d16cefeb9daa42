"""Contrast of the tokens, size of the styles, and what the policy forbids in templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

import oluko

ROOMS = Path(oluko.__file__).parent
STYLES = ROOMS / "core" / "static" / "oluko"
# Text on its ground needs 4.5 to 1, edges and focus rings 3 to 1 (WCAG 2.2 AA).
TEXT = [
    ("text", "bg"), ("text", "card"), ("text", "sunk"), ("text", "tint"), ("text", "leaf-soft"), ("text", "clay-soft"),
    ("text", "gold-soft"), ("muted", "bg"), ("muted", "card"), ("muted", "sunk"), ("muted", "tint"),
    ("brand", "bg"), ("brand", "card"), ("brand", "tint"), ("brand-ink", "brand"), ("brand-ink", "brand-strong"),
    ("leaf", "card"), ("leaf", "leaf-soft"), ("clay", "card"), ("clay", "clay-soft"), ("clay-ink", "clay"),
    ("clay-ink", "clay-strong"), ("gold-text", "gold-soft"), ("deep-text", "deep-1"), ("deep-text", "deep-2"),
    ("deep-muted", "deep-1"), ("deep-muted", "deep-2"),
]  # fmt: skip
EDGES = [("edge", "card"), ("edge", "bg"), ("brand", "card"), ("brand", "bg"), ("brand", "sunk"), ("clay", "card")]


def tokens(scheme: str) -> dict[str, str]:
    text = (STYLES / "tokens.css").read_text()
    light, dark = text.split("@media", 1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", dark))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_edges_can_be_seen_in_both_schemes(scheme: str) -> None:
    colours = tokens(scheme)
    pairs = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in EDGES]
    pale = {
        f"{one} on {ground}": round(contrast(colours[one], colours[ground]), 2)
        for (one, ground), least in pairs
        if contrast(colours[one], colours[ground]) < least
    }
    assert pale == {}


def test_styles_of_every_page_stay_small() -> None:
    sheets = ["tokens.css", "page.css", "parts.css", "forms.css"]
    assert sum((STYLES / sheet).stat().st_size for sheet in sheets) < 30_000


def test_templates_hold_nothing_that_the_policy_forbids() -> None:
    pages = [page for page in ROOMS.rglob("templates/**/*.html") if "mail" not in page.name]
    assert len(pages) > 20
    handlers = r"\son(?:click|change|submit|load|input|error)="
    forbidden = re.compile(rf"<style|\sstyle=\"[^\"]*:|{handlers}|javascript:|hx-on", re.IGNORECASE)
    assert [str(page) for page in pages if forbidden.search(page.read_text())] == []
    scripts = re.compile(r"<script(?![^>]*(?:\bsrc=|application/))", re.IGNORECASE)
    assert [str(page) for page in pages if scripts.search(page.read_text())] == []


@pytest.mark.django_db
def test_gallery_is_there_in_the_sandbox_only(client: Client, settings) -> None:
    page = client.get("/sandbox/look")
    assert page.status_code == 200
    assert "Deep React" in page.content.decode()
    settings.OLUKO_SANDBOX = False
    assert client.get("/sandbox/look").status_code == 404


@pytest.mark.django_db
def test_base_page_has_what_everybody_needs(client: Client) -> None:
    response = client.get("/")
    page = response.content.decode()
    assert response.status_code == 200
    for part in ('class="btn skip" href="#main"', '<main id="main"', 'id="toasts"', "Times in", "Sandbox", "Sign in"):
        assert part in page
    policy = response["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert "unsafe" not in policy
    assert all(f'nonce="{nonce[1]}"' in tag for tag in re.findall(r"<script[^>]*>", page))


def test_policy_names_no_foreign_source() -> None:
    assert settings.SECURE_CSP["default-src"] == ["'self'"]
