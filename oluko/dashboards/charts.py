"""Where the shapes of a chart stand; the template draws them. Units are those of the SVG's viewBox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FLOOR, TOP = 660, 220, 186, 26
BAR_WIDTH, BAR_HEIGHT, BAR_STEP, BAR_LEFT = 360, 22, 40, 92


@dataclass(frozen=True)
class Shape:
    """A bar or column, and where the words at it begin."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    value: int


def columns(values: Sequence[int]) -> list[Shape]:
    """Upright columns beside each other, the highest value as high as the chart."""
    highest = max(values, default=0) or 1
    step = WIDTH // max(len(values), 1)
    width = step * 3 // 5
    shapes = []
    for place, value in enumerate(values):
        height = (FLOOR - TOP) * value // highest
        # What is not nothing can be seen.
        height = max(height, 2) if value else 0
        left = place * step + (step - width) // 2
        shapes.append(Shape(left, FLOOR - height, width, height, left + width // 2, value))
    return shapes


def bars(values: Sequence[int]) -> list[Shape]:
    """Lying bars below each other, the longest value as long as the chart."""
    highest = max(values, default=0) or 1
    shapes = []
    for place, value in enumerate(values):
        width = (BAR_WIDTH - BAR_LEFT - 46) * value // highest
        top = place * BAR_STEP + 6
        shapes.append(Shape(BAR_LEFT, top, max(width, 3) if value else 0, BAR_HEIGHT, top + 16, value))
    return shapes
