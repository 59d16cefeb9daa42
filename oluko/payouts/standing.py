"""How a payout stands, in words that are true for the tutor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from oluko.core import clock
from oluko.ledger.audit import trail
from oluko.payouts.decisions import CAN_BE_CALLED_OFF
from oluko.payouts.models import Payout

Status = Payout.Status


@dataclass(frozen=True)
class Standing:
    """A chip (its colour, its sign and word), what it means, and whether the tutor may still take it back.

    `until` is the instant of business time until which nothing is sent.
    """

    payout: Payout
    colour: str
    label: str
    words: str
    until: datetime | None = None

    @property
    def can_be_called_off(self) -> bool:
        return self.payout.status in CAN_BE_CALLED_OFF


@dataclass(frozen=True)
class Step:
    """One change of a payout's state, and when it was."""

    at: datetime
    label: str
    why: str


def standing(payout: Payout) -> Standing:
    """How it stands now."""
    until = payout.send_after if payout.status == Status.QUEUED else None
    if until is not None and until > clock.now():
        words = _("The bank account is new: nothing is sent to it before it has been in place for 24 hours.")
        return Standing(payout, "wait", _("◷ Held"), words, until)
    colour, label, words = _words(payout)
    return Standing(payout, colour, label, words)


def _words(payout: Payout) -> tuple[str, str, str]:
    if payout.status == Status.IN_REVIEW:
        if payout.attempts:
            words = _("Paystack did not accept it. A person of ours is looking at it; nothing is lost.")
        else:
            words = _("A person of ours looks at payouts of this size before they go out.")
        return "wait", _("◷ Being looked at"), words
    return {
        Status.QUEUED: ("wait", _("◷ To be sent"), _("It goes out within a minute.")),
        Status.SENDING: (
            "wait",
            _("◷ Being sent"),
            _("Paystack is asked to send it. Should its answer be lost, we look it up before anything is sent again."),
        ),
        Status.NO_BALANCE: (
            "wait",
            _("◷ Waits for money at Paystack"),
            _("Our balance there has to fill up first. It is tried again by itself; nothing is lost."),
        ),
        Status.ON_THE_WAY: (
            "",
            _("→ On the way"),
            _("Paystack has it. Most banks take minutes, some a working day; we write when it has arrived."),
        ),
        Status.PAID: ("ok", _("✓ Paid"), _("Paystack says that it has arrived.")),
        Status.RETURNED: ("mute", _("↩ Returned to the wallet"), payout.outcome),
    }[Status(payout.status)]


def steps(payout: Payout) -> list[Step]:
    """What happened to it, oldest first."""
    names = dict(Status.choices)
    return [
        Step(
            entry.at,
            str(names.get(entry.to_state, entry.to_state)) if entry.from_state else _("Asked for"),
            _why(entry.to_state, entry.why),
        )
        for entry in trail("payout", payout.reference)
    ]


def _why(state: str, why: str) -> str:
    """What the trail says beside a state, where it was written for the tutor."""
    if why == "weekly":
        return _("The weekly one.")
    return why if state == Status.RETURNED else ""
