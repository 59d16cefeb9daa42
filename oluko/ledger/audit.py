"""The audit trail: every change of state, who, when, from, to, why."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from oluko.core.logs import current_request_id
from oluko.core.statements import Row, insert
from oluko.ledger.models import AuditEntry


def record_change(
    subject: str, subject_id: str, from_state: str, to_state: str, *, actor_id: UUID | None, why: str, at: datetime
) -> None:
    """Write one audit row; `actor_id` None means Oluko itself. Call inside the transaction of the change."""
    insert([change_row(subject, subject_id, from_state, to_state, actor_id=actor_id, why=why, at=at)])


def change_row(
    subject: str,
    subject_id: str,
    from_state: str,
    to_state: str,
    *,
    at: datetime,
    actor_id: UUID | None = None,
    why: str = "",
    request_id: str | None = None,
) -> Row:
    """One audit row for `insert`, of several that are written together; the request is this one unless given."""
    return Row(
        AuditEntry,
        subject=subject,
        subject_id=subject_id,
        from_state=from_state,
        to_state=to_state,
        actor_id=actor_id,
        why=why[:200],
        request_id=current_request_id() if request_id is None else request_id,
        at=at,
    )


def trail(subject: str, subject_id: str) -> list[AuditEntry]:
    """The changes of one thing, oldest first."""
    return list(AuditEntry.objects.filter(subject=subject, subject_id=subject_id).order_by("id"))
