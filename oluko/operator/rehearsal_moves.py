"""The buttons of the rehearsal page: each checks what was sent, does one thing, and says it in a sentence.

What was pressed stands in the audit trail, so that the page can show what happened since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock, money, times
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.ledger.audit import record_change
from oluko.ledger.models import AuditEntry
from oluko.operator.rehearsal_sandbox import sandbox
from oluko.operator.rehearsal_stories import MODES, NORMAL, PAYSTACK, ZOOM, stories
from oluko.payments.models import Payment

SUBJECT = "rehearsal"
COPIES = (1, 10)


class Step(forms.Form):
    step = forms.CharField(max_length=20)


class Misbehave(forms.Form):
    provider = forms.ChoiceField(choices=[(name, name) for name in MODES])
    mode = forms.CharField(max_length=40)
    times = forms.IntegerField(min_value=1, max_value=1000, required=False)


class Disputed(forms.Form):
    reference = forms.CharField(max_length=60)


class TopUp(forms.Form):
    naira = forms.IntegerField(min_value=1, max_value=100_000_000)


class Delivery(forms.Form):
    event = forms.IntegerField(min_value=1)
    copies = forms.TypedChoiceField(choices=[(n, n) for n in COPIES], coerce=int, required=False)
    forged = forms.BooleanField(required=False)


class Begin(forms.Form):
    story = forms.CharField(max_length=40)


@dataclass(frozen=True)
class Move:
    """What a button sends, and what it does; the answer is the sentence that is shown and kept."""

    form: type[forms.Form]
    perform: Callable[[dict[str, Any]], str]


def press(operator: Person, name: str, sent: Any) -> str:
    """Do what a button does; what to say of it. Raises NotFound, Invalid, Conflict, SandboxDown."""
    move = MOVES.get(name)
    if move is None:
        raise NotFound("no_such_move", _("There is no such button."))
    form = move.form(sent)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Invalid("bad_move", f"{field}: {cast(Any, errors)[0]}", field=field)
    said = move.perform(form.cleaned_data)
    with transaction.atomic(durable=True):
        what = form.cleaned_data.get("story") or name
        record_change(SUBJECT, name, "", what, actor_id=operator.pk, why=said, at=clock.now())
    return said


def story_under_way() -> str:
    """The name of the story that was begun last; empty once something else was switched on, or all off."""
    presses = AuditEntry.objects.filter(subject=SUBJECT, subject_id__in=("story", "mode", "well"))
    last = presses.order_by("-id").first()
    return last.to_state if last and last.subject_id == "story" else ""


def _advance(given: dict[str, Any]) -> str:
    now = clock.advance(clock.parse_step(given["step"]))
    return _("The clock went %(step)s ahead; it is %(now)s.") % {"step": given["step"], "now": times.show(now)}


def _reset_clock(_given: dict[str, Any]) -> str:
    return _("The clock is back: it is %(now)s.") % {"now": times.show(clock.reset())}


def _misbehave(given: dict[str, Any]) -> str:
    provider, mode, calls = given["provider"], given["mode"], given["times"]
    known = MODES[provider].get(mode)
    if known is None:
        raise Invalid("bad_mode", _("There is no such way to misbehave."), field="mode")
    sandbox().tell({provider: {"mode": mode, "times": None if mode == NORMAL else calls}})
    said = {"provider": provider.title(), "label": known.label, "calls": calls}
    if calls and mode != NORMAL:
        return _("%(provider)s: %(label)s, %(calls)s times.") % said
    return _("%(provider)s: %(label)s.") % said


def _all_well(_given: dict[str, Any]) -> str:
    sandbox().tell({PAYSTACK: None, ZOOM: None})
    return _("All well: Paystack and Zoom behave.")


def _dispute(given: dict[str, Any]) -> str:
    payment = Payment.objects.filter(reference=given["reference"], status=Payment.Status.PAID).first()
    if payment is None:
        raise Conflict("not_paid", _("Nothing was paid under this reference."))
    sandbox().tell({PAYSTACK: {"dispute": {"reference": payment.reference}}})
    return _("A bank disputes payment %(reference)s.") % {"reference": payment.reference}


def _top_up(given: dict[str, Any]) -> str:
    kobo = given["naira"] * 100
    sandbox().tell({PAYSTACK: {"topUp": kobo}})
    return _("Put %(amount)s into the balance at Paystack.") % {"amount": money.show(kobo, "NGN")}


def _deliver(given: dict[str, Any]) -> str:
    answers = sandbox().deliver(given["event"], copies=given["copies"] or 1, forged=given["forged"])
    told = ", ".join(
        f"{answers.count(one)} × {one}" if answers.count(one) > 1 else one for one in dict.fromkeys(answers)
    )
    if given["forged"]:
        return _("Delivered event %(event)s with a forged signature; we answered %(told)s.") % {
            "event": given["event"],
            "told": told,
        }
    return _("Delivered event %(event)s again; we answered %(told)s.") % {"event": given["event"], "told": told}


def _begin(given: dict[str, Any]) -> str:
    story = stories().get(given["story"])
    if story is None:
        raise Invalid("bad_story", _("There is no such story."), field="story")
    sandbox().tell({PAYSTACK: None, ZOOM: None} | story.wishes)
    return _("Begun: %(story)s.") % {"story": story.title}


MOVES: dict[str, Move] = {
    "clock": Move(Step, _advance),
    "clock-back": Move(forms.Form, _reset_clock),
    "mode": Move(Misbehave, _misbehave),
    "well": Move(forms.Form, _all_well),
    "dispute": Move(Disputed, _dispute),
    "balance": Move(TopUp, _top_up),
    "deliver": Move(Delivery, _deliver),
    "story": Move(Begin, _begin),
}
#: Ways of the clock that have a button.
STEPS = (
    ("15m", gettext_lazy("+15 min")),
    ("1h", gettext_lazy("+1 h")),
    ("24h", gettext_lazy("+24 h")),
    ("73h", gettext_lazy("+73 h")),
)
