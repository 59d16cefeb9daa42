"""Who may reach what: every route of ours is either open to all or private, and private ones have their rule here.

A route is written as in `urls.py`, such as `mentorship/session/<uuid:booking_id>`.
"""

from __future__ import annotations

# Open to visitors who are not signed in.
OPEN: set[str] = set()

# Needs a person. The value says who gets an answer: "signed in", "TUTOR, MENTOR", "its student or tutor" and so on.
PRIVATE: dict[str, str] = {}
