"""The pictures of the demo's courses, drawn by rule: resist-dyed patterns as on adire cloth, one motif a course.

`python -m oluko.demo.thumbnails` writes them into the courses' static files; a test keeps files and rule together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "courses" / "static" / "courses"
WIDTH, HEIGHT, TILE = 640, 240, 80

# Course: ground, lighter band, threads, and the motif.
DESIGNS = {
    "react-foundations": ("#1f2766", "#2f3a8f", "#c9cffb", "rings"),
    "python-for-everyday-data": ("#173a4f", "#21556f", "#cfe8ef", "combs"),
    "product-design-basics": ("#3a1f52", "#553079", "#e6d5f5", "diamonds"),
    "speak-and-be-heard": ("#5a2418", "#84392a", "#f9ddd2", "waves"),
    "books-for-small-shops": ("#17402f", "#1f5f46", "#d2efe1", "squares"),
    "maths-for-entrance-exams": ("#262a4f", "#3d437a", "#dcdff7", "triangles"),
    "phone-photography": ("#4a3206", "#6d4c0f", "#fbe6bd", "suns"),
    "linux-and-cloud-first-steps": ("#22303c", "#34495a", "#d7e3ec", "spirals"),
}
MARIGOLD = "#f2b544"


def draw(slug: str) -> str:
    """One course's picture as SVG text, always the same."""
    ground, band, thread, motif = DESIGNS[slug]
    shapes = _MOTIFS[motif]()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<defs><pattern id="p" width="{TILE}" height="{TILE}" patternUnits="userSpaceOnUse">'
        f'<g fill="none" stroke="{thread}" stroke-width="2.5" stroke-linecap="round">{shapes}</g></pattern></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>'
        f'<path d="M0 {TILE}H{WIDTH}v{TILE}H0z" fill="{band}"/>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#p)" opacity=".82"/>'
        f'<g stroke="{thread}" stroke-width="3" stroke-dasharray="1 9" stroke-linecap="round">'
        f'<path d="M4 {TILE}H{WIDTH}M4 {2 * TILE}H{WIDTH}"/></g>'
        f'<g fill="{MARIGOLD}">{_grains(slug)}</g></svg>\n'
    )


def _grains(slug: str) -> str:
    """Three grains of marigold in the middle band, placed by the letters of the name."""
    first = sum(slug.encode()) % 4
    return "".join(f'<circle cx="{TILE * (first + step) + TILE // 2}" cy="{HEIGHT // 2}" r="7"/>' for step in (0, 2, 4))


def _circle(radius: float, x: float = 40, y: float = 40) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>'


def _line(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    path = "L".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in points)
    return f'<path d="M{path}{"z" if closed else ""}"/>'


def _around(radius: float, count: int, turn: float = 0) -> list[tuple[float, float]]:
    angles = (2 * math.pi * step / count + turn for step in range(count))
    return [(40 + radius * math.cos(angle), 40 + radius * math.sin(angle)) for angle in angles]


def _rings() -> str:
    corners = "".join(_circle(6, x, y) for x in (0, 80) for y in (0, 80))
    return "".join(_circle(radius) for radius in (13, 21, 29)) + corners


def _combs() -> str:
    teeth = "".join(_line([(x, 18), (x, 62 - 7 * (x // 10 % 3))]) for x in range(15, 70, 10))
    return _line([(10, 18), (70, 18)]) + teeth + _circle(3, 40, 72)


def _diamonds() -> str:
    return (
        "".join(_line(_around(radius, 4), closed=True) for radius in (14, 25, 36))
        + _circle(2, 0, 0)
        + _circle(2, 80, 80)
    )


def _waves() -> str:
    rows = [[(x, y + 7 * math.sin(x * math.pi / 20)) for x in range(0, 81, 5)] for y in (14, 27, 53, 66)]
    return "".join(_line(row) for row in rows)


def _squares() -> str:
    nested = "".join(_line(_around(radius, 4, math.pi / 4), closed=True) for radius in (16, 30, 44))
    return (
        nested
        + _line([(9, 9), (20, 20)])
        + _line([(71, 9), (60, 20)])
        + _line([(9, 71), (20, 60)])
        + _line([(71, 71), (60, 60)])
    )


def _triangles() -> str:
    ups = "".join(
        _line([(40 - width, 58), (40, 58 - 1.4 * width), (40 + width, 58)], closed=True) for width in (12, 22, 32)
    )
    return ups + _line([(4, 70), (76, 70)])


def _suns() -> str:
    rays = zip(_around(24, 12), _around(34, 12), strict=True)
    return _circle(16) + "".join(_line([inner, outer]) for inner, outer in rays) + _circle(3, 0, 0) + _circle(3, 80, 80)


def _spirals() -> str:
    turns = [(math.pi * step / 5, 2 + 1.3 * step) for step in range(24)]
    return _line([(40 + radius * math.cos(angle), 40 + radius * math.sin(angle)) for angle, radius in turns]) + _circle(
        3, 0, 40
    )


_MOTIFS = {
    "rings": _rings,
    "combs": _combs,
    "diamonds": _diamonds,
    "waves": _waves,
    "squares": _squares,
    "triangles": _triangles,
    "suns": _suns,
    "spirals": _spirals,
}

if __name__ == "__main__":
    for name in DESIGNS:
        (FOLDER / f"{name}.svg").write_text(draw(name))
