"""Mails: sending one again, and, in sandbox mode, every kind of them to look at."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core import clock, times
from oluko.core.errors import Conflict, NotFound
from oluko.ledger.audit import record_change
from oluko.notifications.delivering import send_again, why_not
from oluko.notifications.mail import compose
from oluko.notifications.models import Delivery
from oluko.operator.mail_samples import samples
from oluko.operator.views import Facts, ask, operator_only


@operator_only
def again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("notification__person"), pk=delivery_id)
    return ask(
        request,
        about=delivery,
        title=_("Send again"),
        question=_("It goes out within seconds, in the words of then. Its person may have it twice."),
        done=_("It is queued."),
        facts=_facts(delivery),
        perform=lambda operator, _given: _queue(operator, delivery),
    )


@operator_only
def gallery(request: HttpRequest) -> HttpResponse:
    """Every kind that can be sent, as HTML and as text, from made-up sessions. There is no such page with real keys."""
    if not settings.OLUKO_SANDBOX:
        raise NotFound("no_such_page", _("There is no such page."))
    mails = [(kind, who, compose(delivery)) for kind, who, delivery in samples()]
    context = {
        **admin.site.each_context(request),
        "title": _("Mails"),
        "mails": [
            {"kind": kind, "who": who, "mail": mail, "html": _html(mail), "id": f"{kind}-{number}"}
            for number, (kind, who, mail) in enumerate(mails)
        ],
    }
    return render(request, "operator/mails.html", context)


@transaction.atomic(durable=True)
def _queue(operator: Person, delivery: Delivery) -> None:
    """Raises Conflict for what waits anyway, and for what must not be sent any more."""
    if why := why_not(delivery):
        raise Conflict("not_sendable", str(Delivery.Why(why).label))
    if not send_again(delivery):
        raise Conflict("waits", _("It waits to be sent already."))
    record_change(
        "delivery", str(delivery.pk), delivery.state, "QUEUED", actor_id=operator.pk, why="SENT_AGAIN", at=clock.now()
    )


def _facts(delivery: Delivery) -> Facts:
    facts = [
        (_("Person"), str(delivery.notification.person)),
        (_("Told"), f"{delivery.notification.title} ({times.show(delivery.notification.created_at)})"),
        (_("Channel"), str(delivery.get_channel_display())),
        (_("State"), f"{delivery.get_state_display()} {delivery.get_why_display()}"),
        (_("Attempts"), str(delivery.attempts)),
    ]
    return [*facts, (_("Error"), delivery.error)] if delivery.error else facts


def _html(mail: EmailMultiAlternatives) -> str:
    return str(mail.alternatives[0][0])
