"""The operator's page of comparisons with Paystack, and the remedies of what they find."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oluko.accounts.models import Person
from oluko.core import money
from oluko.core.bodies import MEGABYTE, takes_bodies
from oluko.core.errors import Invalid
from oluko.operator.forms import PerhapsWhy, Plain
from oluko.operator.views import ask, operator_only
from oluko.payments.reviews import get_item
from oluko.reconciliation import remedies
from oluko.reconciliation.comparison import start
from oluko.reconciliation.findings import open_findings
from oluko.reconciliation.models import Run
from oluko.reconciliation.remedies import Remedy
from oluko.reconciliation.settled import LARGEST, compare_file
from oluko.reconciliation.since import read_since
from oluko.reconciliation.words import counts_of, sentence_of, state_of

SHOWN = 20
INBOX = "admin:payments_reviewitem_changelist"


class Since(forms.Form):
    since = forms.CharField(
        label=gettext_lazy("Since"),
        max_length=20,
        initial="7d",
        help_text=gettext_lazy("7d, 48h or a date such as 2026-11-20."),
    )

    def clean_since(self) -> Any:
        try:
            return read_since(self.cleaned_data["since"])
        except Invalid as problem:
            raise forms.ValidationError(problem.message) from None


class SettlementFile(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Settlement as CSV"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=gettext_lazy("As Paystack's dashboard exports it; at most 2 MB. It is compared and not kept."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return file


@operator_only
def runs(request: HttpRequest) -> HttpResponse:
    return _page(request, Since(), SettlementFile())


@operator_only
def compare(request: HttpRequest) -> HttpResponse:
    """Compare now: a worker does it."""
    form = Since(request.POST or None)
    if not form.is_valid():
        return _page(request, form, SettlementFile(), status=422 if request.method == "POST" else 200)
    start(form.cleaned_data["since"], Run.Cause.OPERATOR, asked_by=cast(Person, request.user).pk)
    messages.success(request, _("A worker is comparing; reload in a moment."))
    return redirect("operator_reconciliation")


# Somewhat more than a file may have, so that one that is too large is told at its field.
@takes_bodies(LARGEST + MEGABYTE)
@operator_only
def settlement(request: HttpRequest) -> HttpResponse:
    """Compare a settlement file."""
    form = SettlementFile(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            run = compare_file(form.cleaned_data["file"].read(), asked_by=cast(Person, request.user).pk)
        except Invalid as problem:
            form.add_error("file", problem.message)
        else:
            messages.success(request, _compared(run))
            return redirect("operator_reconciliation")
    return _page(request, Since(), form, status=422 if request.method == "POST" else 200)


@operator_only
def remedy(request: HttpRequest, item_id: int, remedy: Remedy) -> HttpResponse:
    item = get_item(item_id)
    moves = remedies.preview(item, remedy) if remedy in remedies.remedies_of(item) else []
    facts = [(f"{line.debit} → {line.credit}", money.show(line.amount, line.currency)) for line in moves]
    if remedy == Remedy.COMPARE:
        return ask(
            request,
            about=item,
            title=remedies.label_of(item, remedy),
            question=_("Paystack is asked now, and its news applied. The row closes itself if both sides agree then."),
            done=_("Compared: below is how it stands."),
            facts=facts,
            form=Plain,
            perform=lambda operator, _given: remedies.compare_again(operator, item_id),
        )
    return ask(
        request,
        about=item,
        title=remedies.label_of(item, remedy),
        question=f"{sentence_of(item)} {remedies.DEEDS[remedy].question}",
        done=_("Decided."),
        form=PerhapsWhy,
        facts=facts,
        danger=True,
        perform=lambda operator, given: remedies.apply_remedy(operator, item_id, remedy, note=given["note"]),
    )


def _page(request: HttpRequest, since: Since, file: SettlementFile, *, status: int = 200) -> HttpResponse:
    waiting = sum(1 for _item in open_findings())
    rows = [(run, counts_of(run), state_of(run)) for run in Run.objects.order_by("-id")[:SHOWN]]
    context = {
        **admin.site.each_context(request),
        "title": _("Reconciliation"),
        "runs": rows,
        "waiting": waiting,
        "under_way": any(run.finished_at is None for run, _counts, _state in rows),
        "inbox": f"{reverse(INBOX)}?resolved_at__isempty=1",
        "since_form": since,
        "file_form": file,
        "now": timezone.now(),
    }
    return render(request, "operator/reconciliation.html", context, status=status)


def _compared(run: Run) -> str:
    if not run.found:
        return _("%(counts)s: all of it is in our books.") % {"counts": counts_of(run)}
    words = ngettext("%(counts)s: %(found)s line differs.", "%(counts)s: %(found)s lines differ.", run.found)
    return words % {"counts": counts_of(run), "found": run.found}
