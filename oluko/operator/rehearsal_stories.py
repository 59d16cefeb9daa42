"""What can go wrong in the sandbox, in words: each way to misbehave, and bad days that are ready to be rehearsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NORMAL = "normal"
PAYSTACK, ZOOM = "paystack", "zoom"


@dataclass(frozen=True)
class Misbehaviour:
    """A mode of the sandbox: its name in a list, and what it lets one rehearse."""

    label: str | Promise
    rehearses: str | Promise


_ALL_WELL = Misbehaviour(_("All well"), _("It does what it should."))
MODES: dict[str, dict[str, Misbehaviour]] = {
    PAYSTACK: {
        NORMAL: _ALL_WELL,
        "timeout": Misbehaviour(
            _("Hangs after doing its work"),
            _("The call has had its effect and no answer comes: nothing may be sent twice, everything is asked for."),
        ),
        "timeout-before": Misbehaviour(
            _("Hangs and does nothing"), _("Looks the same as the one before, and nothing has happened.")
        ),
        "error": Misbehaviour(
            _("Answers 500 and 503"), _("An outage: checkouts say so and keep the hold, jobs try again.")
        ),
        "no-webhook": Misbehaviour(
            _("Sends no webhooks"), _("News is found by asking: by the return page, and by the sweeps.")
        ),
        "duplicate-webhooks": Misbehaviour(
            _("Sends each webhook three times"), _("Three tellings, one effect on bookings and books.")
        ),
        "wrong-amount": Misbehaviour(
            _("Charges ₦1 less than asked"), _("Nothing is fulfilled; the payment waits under To decide.")
        ),
        "failed-refunds": Misbehaviour(
            _("Refunds fail"), _("A refund is accepted and then fails: it waits under To decide.")
        ),
        "no-balance": Misbehaviour(
            _("Balance is empty"), _("Payouts wait, keep their reference and go out once there is money.")
        ),
        "transfer-failed": Misbehaviour(_("Transfers fail"), _("The payout's money returns to the wallet.")),
        "transfer-reversed": Misbehaviour(
            _("Transfers are reversed"), _("The bank sends the money back; it returns to the wallet.")
        ),
        "transfer-reversed-later": Misbehaviour(
            _("Transfers arrive and bounce"), _("Paid first, then reversed: the payout returns to the wallet.")
        ),
        "transfer-pending": Misbehaviour(
            _("Transfers stay under way"), _("The payout stays on its way; Paystack is asked again and again.")
        ),
        "transfer-received": Misbehaviour(
            _("Transfers stay received"), _("As under way, in the word Paystack uses before it begins.")
        ),
        "transfer-otp": Misbehaviour(
            _("Transfers want a code"), _("Paystack waits for a one-time code that only its dashboard takes.")
        ),
        "transfer-abandoned": Misbehaviour(
            _("Transfers are abandoned"), _("Nobody gave the code; no webhook tells of it, so it is found by asking.")
        ),
        "transfer-blocked": Misbehaviour(
            _("Transfers are blocked"), _("Stopped at Paystack without a webhook; found by asking.")
        ),
        "transfer-rejected": Misbehaviour(
            _("Transfers are rejected"), _("Refused after they were received, without a webhook; found by asking.")
        ),
        "transfer-unseen": Misbehaviour(
            _("Does not find its transfers"),
            _("Asked about a transfer that it has: a payout goes out once all the same."),
        ),
    },
    ZOOM: {
        NORMAL: _ALL_WELL,
        "error": Misbehaviour(
            _("Is down"), _("Payments stay; join pages say that the link is being prepared; tutors may paste one.")
        ),
        "timeout": Misbehaviour(
            _("Is slow: hangs after its work"), _("A meeting may exist that we know nothing of; it is looked for.")
        ),
        "rate-limit": Misbehaviour(_("Answers 429"), _("Too many calls: we wait as long as it says, then go on.")),
        "daily-limit": Misbehaviour(
            _("Has no calls left today"), _("Another host takes over; without one, meetings wait for tomorrow.")
        ),
    },
}


@dataclass(frozen=True)
class Story:
    """One bad day: what pressing Begin tells the sandbox, what to do then, and what one should see."""

    title: str | Promise
    wishes: dict[str, Any]
    steps: tuple[str | Promise, str | Promise, str | Promise]
    see: str | Promise


_LIVE = _("Watch “What happened” here.")
STORIES: dict[str, Story] = {
    "lost-answer": Story(
        _("Student pays, Paystack hangs after charging"),
        {PAYSTACK: {"mode": "timeout", "times": 3}},
        (
            _("In a private window, as ada@demo.test: book a time and go as far as Paystack's page. Do not pay yet."),
            _("Press Begin: Paystack's next three answers are lost after the work is done."),
            _("Now press Pay on Paystack's page."),
        ),
        _("Ada reads that we are asking. Within a minute or so the session is confirmed: charged once, booked once."),
    ),
    "no-webhook": Story(
        _("Student pays, the webhook never comes"),
        {PAYSTACK: {"mode": "no-webhook"}},
        (
            _("Press Begin: Paystack makes its events and keeps them to itself."),
            _("As ada@demo.test: book a time and pay."),
            _("Once confirmed, deliver the event that was kept back, below under Webhooks."),
        ),
        _("The payment was found by asking, within seconds. The late webhook is answered 200 and changes nothing."),
    ),
    "many-webhooks": Story(
        _("One webhook comes more than ten times"),
        {PAYSTACK: {"mode": "duplicate-webhooks"}},
        (
            _("Press Begin: every event is sent three times."),
            _("As ada@demo.test: book a time and pay."),
            _("Below, at the newest charge.success, press “Ten times”."),
        ),
        _("Thirteen deliveries, each answered 200; one payment, one booking, and the books in balance."),
    ),
    "refund-fails": Story(
        _("A refund fails"),
        {PAYSTACK: {"mode": "failed-refunds"}},
        (
            _("Press Begin: refunds are accepted, then fail."),
            _("As ada@demo.test: cancel a paid session that is days ahead."),
            _("Press All well, then send the refund again under To decide."),
        ),
        _("The money stays owed to Ada in the books until Paystack has really sent it."),
    ),
    "payout-bounces": Story(
        _("A payout arrives and bounces"),
        {PAYSTACK: {"mode": "transfer-reversed-later", "topUp": 10_000_000}},
        (
            _("Press Begin: banks return what they took. It also puts ₦100,000 into the balance at Paystack."),
            _("As tunde@demo.test: open the wallet, save a bank account (any ten digits) if there is none."),
            _("Ask for a payout of ₦1,000."),
        ),
        _("The payout is paid, and a moment later returned: the money is in the wallet again, and Tunde is told."),
    ),
    "meetings-down": Story(
        _("The meeting provider is down"),
        {ZOOM: {"mode": "error"}},
        (
            _("Press Begin: Zoom answers errors to everything."),
            _("As ada@demo.test: book a time and pay."),
            _("Open the session, then press All well here."),
        ),
        _("The session is confirmed at once; its link is being prepared, and is there soon after Zoom is back."),
    ),
}


def stories() -> dict[str, Story]:
    """Those that can be rehearsed here: none about Zoom where sessions are held elsewhere."""
    return {name: story for name, story in STORIES.items() if settings.OLUKO_ZOOM_STANDS_IN or ZOOM not in story.wishes}
