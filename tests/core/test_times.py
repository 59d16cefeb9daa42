"""Instants as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from oluko.core.times import both_clocks, city_of, when_for

TUESDAY = datetime(2026, 5, 5, 14, tzinfo=UTC)


@dataclass
class Somebody:
    time_zone: str


LAGOS, SHANGHAI, NEW_YORK = Somebody("Africa/Lagos"), Somebody("Asia/Shanghai"), Somebody("America/New_York")


def test_a_time_names_its_day_and_zone() -> None:
    assert when_for(LAGOS, TUESDAY) == "Tue 5 May 2026, 15:00 (Lagos)"


def test_both_clocks_repeat_the_day_only_where_it_differs() -> None:
    assert both_clocks(TUESDAY, LAGOS, SHANGHAI) == "Tue 5 May 2026, 15:00 (Lagos) · 22:00 (Shanghai)"
    late = TUESDAY.replace(hour=20)
    expected = "Tue 5 May 2026, 21:00 (Lagos) · Wed 6 May 2026, 04:00 (Shanghai)"
    assert both_clocks(late, LAGOS, SHANGHAI) == expected


def test_two_people_of_one_zone_share_a_clock() -> None:
    assert both_clocks(TUESDAY, LAGOS, Somebody("Africa/Lagos")) == "Tue 5 May 2026, 15:00 (Lagos)"


def test_clocks_follow_summer_time() -> None:
    assert when_for(NEW_YORK, datetime(2026, 3, 8, 6, 59, tzinfo=UTC)) == "Sun 8 Mar 2026, 01:59 (New York)"
    assert when_for(NEW_YORK, datetime(2026, 3, 8, 7, 0, tzinfo=UTC)) == "Sun 8 Mar 2026, 03:00 (New York)"


@pytest.mark.parametrize(
    ("zone", "city"), [("Africa/Lagos", "Lagos"), ("America/Argentina/Buenos_Aires", "Buenos Aires"), ("UTC", "UTC")]
)
def test_a_zone_is_named_by_its_city(zone: str, city: str) -> None:
    assert city_of(zone) == city
