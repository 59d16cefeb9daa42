"""The named actions of /admin/: each asks on GET, calls one function on POST, and goes back to the record.

They are views of their own, because the admin's run inside a transaction and our operations open theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from oluko.accounts.models import Person
from oluko.core import money
from oluko.core.admin import refuse_others
from oluko.core.errors import DomainError, Invalid, NotFound
from oluko.operator import people, upkeep
from oluko.operator.forms import PerhapsWhy, Plain, Role, Why, WhyTold
from oluko.payments import reviews
from oluko.payments.cancellations import cancel_booking
from oluko.payments.reviews import WAYS, Way

type View = Callable[..., HttpResponse]
type Facts = Sequence[tuple[str, str]]

DONE = 302


def operator_only(view: View) -> View:
    """Visitors are sent to sign in; for anyone but an operator there is no such page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return refuse_others(request) or view(request, *args, **kwargs)

    return never_cache(require_http_methods(["GET", "HEAD", "POST"])(guarded))


def ask(
    request: HttpRequest,
    *,
    about: Model,
    title: str,
    question: str,
    done: str,
    perform: Callable[[Person, dict[str, Any]], object],
    form: Callable[..., forms.Form] = Plain,
    initial: dict[str, Any] | None = None,
    facts: Facts = (),
    danger: bool = False,
    after: str = "",
) -> HttpResponse:
    """Show what would be done; on POST do it. A refusal is shown on the same page, with its status."""
    posted = request.method == "POST"
    filled = form(request.POST) if posted else form(initial=initial)
    back, status = _page_of(about), 200
    if posted:
        status = _attempt(cast(Person, request.user), filled, perform)
        if status == DONE:
            messages.success(request, done)
            return redirect(after or back)
    context = {
        **admin.site.each_context(request),
        "title": title,
        "about": about,
        "question": question,
        "facts": facts,
        "form": filled,
        "danger": danger,
        "back": back,
    }
    return render(request, "operator/decision.html", context, status=status)


def _attempt(operator: Person, filled: forms.Form, perform: Callable[[Person, dict[str, Any]], object]) -> int:
    """Do it if the form is right: DONE, or the status of the page that shows the form again with what is wrong."""
    if not filled.is_valid():
        return 422
    try:
        perform(operator, filled.cleaned_data)
    except NotFound:
        raise
    except DomainError as refusal:
        _show(filled, refusal)
        return refusal.status
    return DONE


def _show(form: forms.Form, refusal: DomainError) -> None:
    field = next(iter(refusal.errors), "") if isinstance(refusal, Invalid) else ""
    form.add_error(field if field in form.fields else None, refusal.message)


def _page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _live_sessions(person: Person) -> str:
    count = people.live_bookings(person)
    return ngettext("%(count)s session ahead", "%(count)s sessions ahead", count) % {"count": count}


@operator_only
def verify(request: HttpRequest, person_id: UUID) -> HttpResponse:
    return ask(
        request,
        about=people.get_person(person_id),
        title=_("Verify"),
        question=_("Students will see the verified mark beside this tutor's name."),
        done=_("The tutor is verified."),
        perform=lambda operator, _given: people.verify_tutor(operator, person_id),
    )


@operator_only
def unverify(request: HttpRequest, person_id: UUID) -> HttpResponse:
    return ask(
        request,
        about=people.get_person(person_id),
        title=_("Withdraw verification"),
        question=_("The verified mark disappears from this tutor's offerings at once."),
        done=_("The verification is withdrawn."),
        form=Why,
        danger=True,
        perform=lambda operator, given: people.unverify_tutor(operator, person_id, why=given["note"]),
    )


@operator_only
def role(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = people.get_person(person_id)
    return ask(
        request,
        about=person,
        title=_("Change role"),
        question=_("Tutors and mentors may list offerings; an operator may do all that you may do."),
        done=_("The role is changed."),
        form=Role,
        initial={"role": person.role},
        facts=[(_("Role now"), person.get_role_display()), (_("Sessions"), _live_sessions(person))],
        perform=lambda operator, given: people.change_role(operator, person_id, Person.Role(given["role"])),
    )


@operator_only
def deactivate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = people.get_person(person_id)
    return ask(
        request,
        about=person,
        title=_("Deactivate"),
        question=_(
            "This person is signed out and cannot sign in; a tutor's offerings leave the marketplace. Sessions stay as "
            "they are: cancel those that must not take place first."
        ),
        done=_("The account is deactivated."),
        form=Why,
        facts=[(_("Sessions"), _live_sessions(person))],
        danger=True,
        perform=lambda operator, given: people.deactivate(operator, person_id, why=given["note"]),
    )


@operator_only
def reactivate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    return ask(
        request,
        about=people.get_person(person_id),
        title=_("Reactivate"),
        question=_("This person may sign in again; a tutor's offerings are back in the marketplace."),
        done=_("The account is active again."),
        perform=lambda operator, _given: people.reactivate(operator, person_id),
    )


@operator_only
def withdraw(request: HttpRequest, offering_id: UUID) -> HttpResponse:
    offering = upkeep.get_offering(offering_id)
    return ask(
        request,
        about=offering,
        title=_("Withdraw offering"),
        question=_("It leaves the marketplace for good. Sessions that were booked stay as they are."),
        done=_("The offering is withdrawn."),
        form=Why,
        facts=[(_("Tutor"), str(offering.tutor))],
        danger=True,
        perform=lambda operator, given: upkeep.withdraw(operator, offering_id, why=given["note"]),
    )


@operator_only
def cancel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    booking, terms = upkeep.cancellable(cast(Person, request.user), booking_id)
    facts = [
        (_("Student"), str(booking.student)),
        (_("Tutor"), str(booking.tutor)),
        (_("Goes back to the student"), money.show(terms.refund, terms.currency)),
    ]
    if terms.refund:
        parts = money.split(terms.refund, booking.tutor_share_bps)
        facts += [
            (_("… from the tutor's pending money"), money.show(parts.tutor, terms.currency)),
            (_("… from the platform's pending money"), money.show(parts.platform, terms.currency)),
        ]
    return ask(
        request,
        about=booking,
        title=_("Cancel and give all back"),
        question=_("The session is cancelled, its time is free again, and both people are told."),
        done=_("The booking is cancelled."),
        form=WhyTold,
        facts=facts,
        danger=True,
        perform=lambda operator, given: cancel_booking(operator, booking_id, reason=given["note"]),
    )


@operator_only
def check_payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    return ask(
        request,
        about=upkeep.get_payment(payment_id),
        title=_("Ask Paystack now"),
        question=_("A worker asks Paystack about this payment and applies the answer, as the sweep would later."),
        done=_("Paystack is being asked; reload in a moment."),
        perform=lambda operator, _given: upkeep.ask_about_payment(operator, payment_id),
    )


@operator_only
def run_again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = upkeep.get_failed_job(job_id)
    return ask(
        request,
        about=job,
        title=_("Run again"),
        question=_("The job is due at once, with all its attempts ahead. A job may run twice without harm."),
        done=_("The job runs again."),
        facts=[(_("Job"), job.task_path), (_("Failed with"), job.exception_class_path)],
        perform=lambda operator, _given: upkeep.run_job_again(operator, job_id),
    )


@operator_only
def give_up(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = upkeep.get_failed_job(job_id)
    return ask(
        request,
        about=job,
        title=_("Give up"),
        question=_("The job is dropped for good. What it was, and why you gave it up, stays in the audit trail."),
        done=_("The job is given up."),
        form=Why,
        facts=[(_("Job"), job.task_path), (_("Failed with"), job.exception_class_path)],
        danger=True,
        after=reverse("admin:django_tasks_database_dbtaskresult_changelist"),
        perform=lambda operator, given: upkeep.give_up_job(operator, job_id, why=given["note"]),
    )


_QUESTIONS = {
    Way.REFUND: lambda: _("The money that arrived goes back to the student, whole, by a job."),
    Way.ACCEPT: lambda: _("The row is closed with your note. No money moves, and nothing is fulfilled."),
    Way.SEND_AGAIN: lambda: _(
        "Paystack is asked first. If it has the refund after all, that one is followed; if not, it is sent once more."
    ),
    Way.BY_HAND: lambda: _("You have given the money back yourself, at Paystack. The books take that over."),
}
_DECISIONS: dict[Way, tuple[Callable[..., object], type[forms.Form]]] = {
    Way.REFUND: (reviews.refund_arrived, PerhapsWhy),
    Way.ACCEPT: (reviews.accept, Why),
    Way.SEND_AGAIN: (reviews.send_again, PerhapsWhy),
    Way.BY_HAND: (reviews.settle_by_hand, Why),
}


@operator_only
def review(request: HttpRequest, item_id: int, way: Way) -> HttpResponse:
    item = reviews.get_item(item_id)
    decide, form = _DECISIONS[way]
    facts = [
        (f"{line.debit} → {line.credit}", money.show(line.amount, line.currency)) for line in reviews.preview(item, way)
    ]
    return ask(
        request,
        about=item,
        title=str(WAYS[way]),
        question=_QUESTIONS[way](),
        done=_("Decided."),
        form=form,
        facts=facts,
        danger=way in (Way.REFUND, Way.BY_HAND),
        perform=lambda operator, given: decide(operator, item_id, note=given["note"]),
    )
