"""What people decide about a payout: the tutor calls it off, an operator lets it go or gives the money back.

Money is given back only when it cannot be on its way: what was ever sent is looked up at Paystack first, and the
state is changed only if it was not sent again meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, Unavailable
from oluko.core.gateway import GatewayError
from oluko.payments.paystack import paystack
from oluko.payouts.models import Payout
from oluko.payouts.payouts import LONGEST_NOTE, change_state, get_payout, locked_payout, return_money
from oluko.payouts.sending import record_transfer
from oluko.payouts.tasks import send_payout_job

Status = Payout.Status
CAN_BE_CALLED_OFF = (Status.IN_REVIEW, Status.QUEUED, Status.NO_BALANCE)


def call_off(tutor: Person, payout_id: UUID) -> Payout:
    """The tutor takes back a payout that Paystack does not have.

    Raises NotFound, Conflict when Paystack has it or it is over, Unavailable when Paystack cannot be asked.
    """
    payout = get_payout(payout_id, tutor=tutor)
    if payout.status not in CAN_BE_CALLED_OFF:
        raise _moved_on()
    _must_not_be_at_paystack(payout)
    return _give_back(payout, _("You called it off."), tutor)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def approve_payout(operator: Person, payout_id: UUID, *, note: str = "") -> Payout:
    """The operator lets a payout go out. Raises NotFound, Conflict when it does not wait for that."""
    payout, note = get_payout(payout_id), _checked(note)
    decided = {"decided_by_id": operator.pk, "decided_note": note, "next_try_at": timezone.now()}
    if not change_state(payout, (Status.IN_REVIEW,), Status.QUEUED, decided, actor_id=operator.pk, why=note):
        raise _moved_on()
    send_payout_job.enqueue(str(payout.pk))
    return payout


def reject_payout(operator: Person, payout_id: UUID, *, note: str) -> Payout:
    """The operator gives the money back to the wallet, with a reason that the tutor reads.

    Raises NotFound, Invalid without a reason, Conflict when it does not wait for a decision or Paystack has it,
    Unavailable when Paystack cannot be asked.
    """
    note = _checked(note)
    if not note:
        raise Invalid("note_needed", _("Say why, in a few words."), field="note")
    payout = get_payout(payout_id)
    if payout.status != Status.IN_REVIEW:
        raise _moved_on()
    _must_not_be_at_paystack(payout)
    return _give_back(payout, note, operator, {"decided_by_id": operator.pk, "decided_note": note})


def _must_not_be_at_paystack(payout: Payout) -> None:
    """What was never sent is ours; of the rest Paystack must say that it has never heard of it."""
    if not payout.attempts:
        return
    try:
        sent = paystack().transfer_by_reference(payout.reference)
        if sent is None:
            return
        record_transfer(payout.pk, sent)
    except GatewayError as problem:
        message = _("Paystack is not answering just now; nothing was changed. Try again in a moment.")
        raise Unavailable("provider_unavailable", message) from problem
    raise Conflict("at_paystack", _found(get_payout(payout.pk)))


def _found(payout: Payout) -> str:
    if payout.status == Status.PAID:
        return _("Paystack has paid this out after all; it is booked as paid now.")
    if payout.status == Status.RETURNED:
        return _("Paystack says that it did not arrive; the money is in the wallet again.")
    if payout.status == Status.IN_REVIEW:
        return _("Paystack has a transfer of another amount under this reference. Look at it there first.")
    return _("Paystack has this payout; it is followed until its end.")


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _give_back(seen: Payout, why: str, person: Person, decided: Mapping[str, object] | None = None) -> Payout:
    payout, before = locked_payout(seen.pk), Status(seen.status)
    given = return_money(
        payout, why=why, only_from=(before,), attempts=seen.attempts, actor_id=person.pk, changes=decided
    )
    if not given:
        raise _moved_on()
    return payout


def _checked(note: str) -> str:
    if len(note) > LONGEST_NOTE:
        raise Invalid("too_long", _("At most 300 characters."), field="note")
    return note.strip()


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("This payout has moved on; reload to see it."))
