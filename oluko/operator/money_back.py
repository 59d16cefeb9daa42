"""An operator's word on money that goes back: what it takes from whom is shown first, and again when it has changed."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.bookings.models import Booking
from oluko.core import money, times
from oluko.core.errors import Conflict, Invalid
from oluko.operator import upkeep
from oluko.operator.views import Facts, ask, operator_only
from oluko.payments.disputes import ANSWER_AT
from oluko.payments.giving_back import (
    LONGEST_REASON,
    Plan,
    get_given,
    give_back_goodwill,
    left_of,
    parts_of,
    preview_give_back,
)
from oluko.payments.models import Problem
from oluko.payments.problems import decide_problem, get_problem

RELEASE, SPLIT, REFUND = "release", "split", "refund"


class Shown(forms.Form):
    """Asks again where what would move is not what was shown: another amount, or a wallet that has changed."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Both people read this."),
    )

    def __init__(self, data: Any = None, *, moves: str, initial: dict[str, Any] | None = None) -> None:
        self.moves, self.seen = moves, data.get("shown", "") if data is not None else ""
        if data is not None:
            data = data.copy()
            data["shown"] = moves
        super().__init__(data, initial=(initial or {}) | {"shown": moves})

    def clean(self) -> dict[str, Any]:
        if not self.errors and self.seen != self.moves:
            raise forms.ValidationError(_("Above is what this moves. If it is right, press once more."), code="look")
        return self.cleaned_data


class Amount(Shown):
    amount = forms.CharField(label=gettext_lazy("Amount"), widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    field_order = ("amount", "note")

    def clean_amount(self) -> int:
        return _parsed(self.cleaned_data["amount"])


class Decision(Shown):
    way = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        widget=forms.RadioSelect,
        choices=(
            (RELEASE, gettext_lazy("Pay the tutor: nothing goes back")),
            (SPLIT, gettext_lazy("Share it: the amount below goes back")),
            (REFUND, gettext_lazy("Give all back to the student")),
        ),
    )
    amount = forms.CharField(
        label=gettext_lazy("Goes back to the student, if it is shared"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    field_order = ("way", "amount", "note")

    def clean_amount(self) -> int:
        if self.cleaned_data.get("way") != SPLIT:
            return 0
        return _parsed(self.cleaned_data["amount"])


@operator_only
def give_back(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    booking = get_given(booking_id)
    left = left_of(booking)
    amount = _posted_amount(request, left)
    facts = [(_("Left of what was paid"), money.show(left, booking.currency))]
    plan = preview_give_back(booking, amount) if 0 < amount <= left else None
    return ask(
        request,
        about=booking,
        title=_("Give money back"),
        question=_(
            "It goes back the way it was paid. Tutor and platform bear it in proportion; what the tutor does not have "
            "any more becomes a debt, which the tutor's next earnings pay."
        ),
        done=_("It goes back to the student."),
        form=partial(Amount, moves=_fingerprint(plan)),
        initial={"amount": str(money.major(left))},
        facts=[*facts, *(_moves(booking, plan) if plan else [])],
        danger=True,
        perform=lambda operator, given: give_back_goodwill(operator, booking_id, given["amount"], note=given["note"]),
    )


@operator_only
def decide(request: HttpRequest, problem_id: UUID) -> HttpResponse:
    problem = get_problem(problem_id)
    booking = problem.booking
    if problem.status != Problem.Status.OPEN:
        raise Conflict("moved_on", _("This was decided already."))
    refund = _decided_amount(request, left_of(booking))
    return ask(
        request,
        about=problem,
        title=_("Decide a problem"),
        question=_(
            "The money has waited for this. What does not go back is released at once; both people are told why."
        ),
        done=_("Decided. Both are told."),
        form=partial(Decision, moves="" if refund is None else f"{request.POST.get('way')} {refund}"),
        facts=[*_story(problem), *(_shares(booking, refund) if refund is not None else [])],
        perform=lambda operator, given: decide_problem(
            operator, problem_id, refund=_refund_of(given, booking), note=given["note"]
        ),
    )


@operator_only
def check_dispute(request: HttpRequest, dispute_id: UUID) -> HttpResponse:
    dispute = upkeep.get_dispute(dispute_id)
    return ask(
        request,
        about=dispute,
        title=_("Ask Paystack now"),
        question=_("A worker asks Paystack how this dispute stands, and applies the answer."),
        done=_("Paystack is being asked; reload in a moment."),
        facts=[
            (_("Answer due"), times.show(dispute.due_at) if dispute.due_at else "–"),
            (_("The bank is answered at"), ANSWER_AT),
        ],
        perform=lambda operator, _given: upkeep.ask_about_dispute(operator, dispute_id),
    )


def _moves(booking: Booking, plan: Plan) -> Facts:
    """From whom it comes and to whom it goes."""

    def show(amount: int) -> str:
        return money.show(amount, booking.currency)

    tutor = f"−{show(plan.tutor)}"
    if plan.late and plan.owed:
        parts = {"wallet": show(plan.from_wallet), "owed": show(plan.owed)}
        tutor += " " + _("(%(wallet)s available, %(owed)s owed)") % parts
    whose = _("%(name)s's wallet") if plan.late else _("%(name)s's pending money")
    return [
        (whose % {"name": booking.tutor.name}, tutor),
        (_("Platform"), f"−{show(plan.platform)}"),
        (booking.student.name, f"+{show(plan.amount)}"),
    ]


def _shares(booking: Booking, refund: int) -> Facts:
    """Who ends with what of the money that waits."""
    back = parts_of(booking, refund)
    whole = parts_of(booking, left_of(booking))
    return [
        (booking.student.name, f"+{money.show(refund, booking.currency)}"),
        (booking.tutor.name, f"+{money.show(whole.tutor - back.tutor, booking.currency)}"),
        (_("Platform"), f"+{money.show(whole.platform - back.platform, booking.currency)}"),
    ]


def _story(problem: Problem) -> Facts:
    booking = problem.booking
    by_student = problem.reporter_id == booking.student_id
    answerer = booking.tutor if by_student else booking.student
    role, other = (_("student"), _("tutor")) if by_student else (_("tutor"), _("student"))
    return [
        (_("Session"), f"{booking.title}, {booking.get_status_display()}"),
        (f"{problem.reporter.name} ({role})", problem.words),
        (f"{answerer.name} ({other})", problem.answer or _("has not answered yet")),
        (_("Kept until now"), money.show(left_of(booking), booking.currency)),
    ]


def _fingerprint(plan: Plan | None) -> str:
    return f"{plan.amount} {plan.from_wallet} {plan.owed} {plan.late}" if plan else ""


def _posted_amount(request: HttpRequest, left: int) -> int:
    """What the form names, and before it was sent all that is left; 0 for what is no amount."""
    if request.method != "POST":
        return left
    try:
        return money.parse_major(request.POST.get("amount", ""))
    except Invalid:
        return 0


def _decided_amount(request: HttpRequest, left: int) -> int | None:
    """What the chosen way gives back; None as long as none is chosen, or the amount is none."""
    way = request.POST.get("way")
    if way not in (RELEASE, SPLIT, REFUND):
        return None
    amount = {RELEASE: 0, REFUND: left}.get(way, _posted_amount(request, left))
    if way == SPLIT and not 0 < amount < left:
        return None
    return amount


def _refund_of(given: dict[str, Any], booking: Booking) -> int:
    left = left_of(booking)
    if given["way"] == SPLIT and not 0 < given["amount"] < left:
        most = money.show(left, booking.currency)
        raise Invalid("bad_amount", _("More than nothing and less than %(most)s.") % {"most": most}, field="amount")
    refund: int = {RELEASE: 0, REFUND: left}.get(given["way"], given["amount"])
    return refund


def _parsed(text: str) -> int:
    try:
        return money.parse_major(text)
    except Invalid as refusal:
        raise forms.ValidationError(refusal.message) from None
