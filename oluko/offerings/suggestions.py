"""What a course page suggests to somebody who has just completed it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from oluko.core.errors import NotFound
from oluko.courses.models import Course
from oluko.offerings.marketplace import Filters, Listing, count_matching, listing_query, read_listings

MOST = 5


def suggestions_for(course_id: UUID, limit: int = MOST) -> tuple[list[Listing], int]:
    """Up to `limit` live offerings of a course, the newest first, and how many there are in all.

    One query where they all fit, two where they do not; raises NotFound for an unknown course.
    """
    filters = Filters(course_id=course_id)
    rows = read_listings(*listing_query(filters, None, limit + 1))
    if len(rows) > limit:
        return rows[:limit], count_matching(filters, most=None)
    if not rows and not Course.objects.filter(pk=course_id).exists():
        raise NotFound("no_such_course", _("There is no such course."))
    return rows, len(rows)
