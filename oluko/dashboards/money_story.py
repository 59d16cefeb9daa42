"""The story of a session's money as people tell it: charged, divided, held, released, refunded, paid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import money
from oluko.dashboards.money_out import money_out
from oluko.ledger.models import Transfer
from oluko.payments.models import Dispute, Payment, Problem, Refund
from oluko.payments.problems import problem_of
from oluko.payments.receipts import CHANNELS
from oluko.payments.refund_standing import Standing, refund_standings
from oluko.payments.trouble import decision_of
from oluko.payouts.models import Payout


@dataclass(frozen=True)
class Chapter:
    """One thing that happened, or is happening. States are those of a timeline: ok, on, stuck, or none for ahead.

    `amount` is in minor units; `at` is business time, None for what lasts; `until` is when it ends by itself.
    """

    title: str
    state: str
    amount: int | None = None
    text: str = ""
    at: datetime | None = None
    until: datetime | None = None
    url: str = ""
    link: str = ""


@dataclass(frozen=True)
class _Facts:
    """All that the story is told from."""

    booking: Booking
    reader: Person
    story: Sequence[Transfer]
    payments: list[Payment]

    @property
    def student(self) -> bool:
        return self.reader.pk == self.booking.student_id

    @property
    def tutor(self) -> bool:
        return self.reader.pk == self.booking.tutor_id

    def sum(self, *kinds: str) -> int:
        return sum(row.amount for row in self.story if row.kind in kinds)

    def at(self, *kinds: str) -> datetime | None:
        return max((row.at for row in self.story if row.kind in kinds), default=None)

    def shown(self, amount: int) -> str:
        return money.show(amount, self.booking.currency)


def chapters(booking: Booking, story: Sequence[Transfer], reader: Person) -> list[Chapter]:
    """What happened, oldest first, and at the end what is awaited. `story` is all that the booking has moved."""
    payments = list(
        booking.payments.filter(reference__in={row.payment_reference for row in story})
        .order_by("created_at", "id")
        .prefetch_related("disputes")
    )
    facts = _Facts(booking, reader, story, payments)
    told = [
        *_charged(facts),
        *_refunds(facts),
        *_reported(facts),
        *_disputed(facts),
        *_released(facts),
        *_paid_out(facts),
    ]
    happened = sorted((chapter for chapter in told if chapter.at), key=lambda chapter: chapter.at or booking.created_at)
    return [*happened, *(chapter for chapter in told if not chapter.at), *_awaited(facts)]


def _charged(facts: _Facts) -> Iterator[Chapter]:
    for payment in facts.payments:
        moved = {row.kind: row for row in facts.story if row.payment_reference == payment.reference}
        if "charge_tutor" in moved or "charge_platform" in moved:
            yield from _settled(facts, payment)
        elif "charge_to_refund" in moved:
            row = moved["charge_to_refund"]
            text = _("It came when the session was paid already, or its time gone: all of it goes back.")
            yield Chapter(_("Charged in vain"), "ok", row.amount, _how(facts, payment, text), row.at)
        elif "charge_unapplied" in moved:
            row = moved["charge_unapplied"]
            text = _("%(due)s were due. Oluko decides what becomes of it.") % {"due": facts.shown(payment.amount)}
            yield Chapter(_("Another amount arrived"), "ok", row.amount, text, row.at)


def _settled(facts: _Facts, payment: Payment) -> Iterator[Chapter]:
    at = facts.at("charge_tutor", "charge_platform")
    yield Chapter(_("Charged"), "ok", payment.amount, _how(facts, payment, ""), at)
    share = facts.booking.tutor_share_bps
    tutor, ours = facts.sum("charge_tutor"), facts.sum("charge_platform")
    parts = {
        "tutor": facts.shown(tutor),
        "name": facts.booking.tutor.name,
        "percent": f"{share / 100:g}",
        "ours": facts.shown(ours),
        "rest": f"{100 - share / 100:g}",
    }
    text = _("%(tutor)s (%(percent)s %%) for %(name)s, %(ours)s (%(rest)s %%) for Oluko.") % parts
    yield Chapter(_("Divided"), "ok", None, text, at)


def _how(facts: _Facts, payment: Payment, text: str) -> str:
    """By which way it came; and to operators alone what Paystack takes."""
    how = str(CHANNELS.get(payment.channel, payment.channel or "Paystack"))
    words = [_("%(how)s, reference %(reference)s.") % {"how": how, "reference": payment.reference}, text]
    if facts.reader.is_operator:
        words.append(_("Paystack keeps %(fee)s, which Oluko bears.") % {"fee": facts.shown(payment.fee)})
    return " ".join(word for word in words if word)


def _refunds(facts: _Facts) -> Iterator[Chapter]:
    """Each refund: when it was decided, and how it stands."""
    asked = {row.payment_reference: row.at for row in facts.story if row.kind == "charge_to_refund"}
    begun = {row.idempotency_key.rpartition(":")[0]: row.at for row in facts.story if row.kind.startswith("refund_")}
    done = {row.idempotency_key.rpartition(":")[0]: row.at for row in facts.story if row.kind == "refunded"}
    decided = facts.at("review_to_refund")
    rows = Refund.objects.filter(payment__booking_id=facts.booking.pk).order_by("created_at", "id")
    pairs = zip(rows.select_related("payment"), refund_standings(facts.booking, facts.reader), strict=False)
    for refund, standing in pairs:
        key = f"refund:{refund.pk}"
        at = begun.get(key) or asked.get(refund.payment.reference) or decided
        yield Chapter(_("To be given back"), "ok", refund.amount, standing.why, at)
        yield _standing(facts, refund, standing, done.get(key))


def _standing(facts: _Facts, refund: Refund, standing: Standing, at: datetime | None) -> Chapter:
    """How a refund stands; the notes of its stations say more than their names."""
    if standing.done:
        title = _("Back with you") if facts.student else _("Back with the student")
        return Chapter(title, "ok", refund.amount, standing.steps[-1].note, at)
    stuck = refund.status == Refund.Status.NEEDS_ATTENTION
    now = next(step for step in reversed(standing.steps) if step.state in ("now", "stuck"))
    title = _("Refund: we are looking at it") if stuck else now.label
    url = reverse("session", args=[facts.booking.pk]) + "#refunds"
    return Chapter(title, "stuck" if stuck else "on", refund.amount, now.note, url=url, link=_("Follow the refund"))


def _reported(facts: _Facts) -> Iterator[Chapter]:
    problem = problem_of(facts.booking)
    if problem is None:
        return
    url = reverse("session_problem", args=[facts.booking.pk])
    text = _("The money is held until Oluko has decided.")
    yield Chapter(_("A problem was reported"), "ok", None, text, problem.reported_at, url=url, link=_("Read it"))
    if problem.status == Problem.Status.OPEN:
        text = _("Neither released nor given back until Oluko has decided.")
        yield Chapter(_("Held by the problem"), "on", None, text, url=url, link=_("Read it"))
    else:
        yield Chapter(_("Decided"), "ok", None, decision_of(problem, facts.booking), problem.decided_at)


def _disputed(facts: _Facts) -> Iterator[Chapter]:
    whose = _("Your bank") if facts.student else _("The student's bank")
    for dispute in (each for payment in facts.payments for each in payment.disputes.all()):
        title = _("%(bank)s disputes the payment") % {"bank": whose}
        text = _("What is left of the money is frozen until it has decided.")
        yield Chapter(title, "ok", dispute.amount, text, dispute.opened_at)
        if dispute.status in Dispute.OPEN:
            text = _("Nothing is released or given back until the bank has decided.")
            yield Chapter(_("Held by the dispute"), "on", None, text)
        elif dispute.status == Dispute.Status.WON:
            yield Chapter(_("The bank left the money"), "ok", None, _("It is free again."), dispute.resolved_at)
        else:
            yield Chapter(_("The bank took it back"), "ok", dispute.amount, "", dispute.resolved_at)


def _released(facts: _Facts) -> Iterator[Chapter]:
    at = facts.at("release_tutor", "release_platform")
    if at is None:
        return
    tutor, ours = facts.sum("release_tutor"), facts.sum("release_platform")
    parts = {"tutor": facts.shown(tutor), "name": facts.booking.tutor.name, "ours": facts.shown(ours)}
    if facts.tutor:
        text = _("Into your wallet, as available.")
    else:
        text = _("%(tutor)s to %(name)s, %(ours)s to Oluko.") % parts
    yield Chapter(_("Released"), "ok", tutor if facts.tutor else tutor + ours, text, at)
    recovered = facts.sum("owed_recovered")
    if recovered and not facts.student:
        text = _("What had been given back to students before, beyond what the wallet had.")
        yield Chapter(_("Kept for a debt"), "ok", recovered, text, facts.at("owed_recovered"))


def _awaited(facts: _Facts) -> Iterator[Chapter]:
    """What nothing holds waits for the session, and a day after it."""
    booking = facts.booking
    pending = facts.sum("charge_tutor", "charge_platform") - facts.sum("refund_tutor", "refund_platform")
    if booking.released_at or booking.release_held or pending <= 0:
        return
    if booking.release_at:
        text = _("Time to report a problem; after it the money is released.")
        yield Chapter(_("Kept for 24 hours after the session"), "on", None, text, until=booking.release_at)
    else:
        yield Chapter(_("Kept until the session is over"), "on", None, _("It is released 24 hours after that."))


def _paid_out(facts: _Facts) -> Iterator[Chapter]:
    """Where the tutor's part went, as far as it can be told: for the tutor, and for operators."""
    if facts.student or not facts.sum("release_tutor", "dispute_freed_tutor"):
        return
    out = money_out(facts.booking.tutor_id, facts.booking.currency)
    paid = out.paid.get(facts.booking.pk, {})
    payouts = Payout.objects.filter(reference__in=paid).order_by("requested_at")
    for payout in payouts:
        yield _payout(facts, payout, paid[payout.reference])
    left = out.left.get(facts.booking.pk, 0)
    if left:
        text = _("Not paid out yet; payouts take what has waited longest.")
        yield Chapter(_("In the wallet"), "on", left, text, **_wallet_link(facts))


def _payout(facts: _Facts, payout: Payout, amount: int) -> Chapter:
    words = {"whole": facts.shown(payout.amount), "bank": f"{payout.bank_name} …{payout.account_number[-4:]}"}
    if payout.status == Payout.Status.PAID:
        title, state, at = _("Paid out"), "ok", payout.settled_at
        text = _("With the payout of %(whole)s to %(bank)s.") % words
    else:
        title, state, at = _("On the way to the bank"), "on", payout.requested_at
        text = _("With the payout of %(whole)s to %(bank)s: %(state)s.") % (
            words | {"state": str(payout.get_status_display()).lower()}
        )
    name = "payout" if facts.tutor else "admin:payouts_payout_change"
    return Chapter(title, state, amount, text, at, url=reverse(name, args=[payout.pk]), link=_("Open the payout"))


def _wallet_link(facts: _Facts) -> dict[str, Any]:
    return {"url": reverse("tutor_wallet"), "link": _("Your wallet")} if facts.tutor else {}
