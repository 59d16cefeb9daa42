"""Addresses of the named actions, below /admin/ and before the admin's own."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from oluko.operator import mails, money_back, money_views, payouts, reconciliation, rehearsal, views
from oluko.payments.reviews import Way
from oluko.reconciliation.remedies import Remedy

urlpatterns = [
    path("money", money_views.overview, name="operator_money"),
    path("money.csv", money_views.overview_csv, name="operator_money_csv"),
    path("people/<uuid:person_id>/verify", views.verify, name="operator_verify"),
    path("people/<uuid:person_id>/unverify", views.unverify, name="operator_unverify"),
    path("people/<uuid:person_id>/role", views.role, name="operator_role"),
    path("people/<uuid:person_id>/deactivate", views.deactivate, name="operator_deactivate"),
    path("people/<uuid:person_id>/reactivate", views.reactivate, name="operator_reactivate"),
    path("offerings/<uuid:offering_id>/withdraw", views.withdraw, name="operator_withdraw"),
    path("bookings/<uuid:booking_id>/cancel", views.cancel, name="operator_cancel"),
    path("bookings/<uuid:booking_id>/give-back", money_back.give_back, name="operator_give_back"),
    path("problems/<uuid:problem_id>/decide", money_back.decide, name="operator_decide_problem"),
    path("disputes/<uuid:dispute_id>/check", money_back.check_dispute, name="operator_check_dispute"),
    path("payments/<uuid:payment_id>/check", views.check_payment, name="operator_check_payment"),
    path("payouts/<uuid:payout_id>/approve", payouts.approve, name="operator_approve_payout"),
    path("payouts/<uuid:payout_id>/reject", payouts.reject, name="operator_reject_payout"),
    path("deliveries/<int:delivery_id>/again", mails.again, name="operator_send_again"),
    path("mails", mails.gallery, name="operator_mails"),
    path("jobs/<uuid:job_id>/again", views.run_again, name="operator_run_again"),
    path("jobs/<uuid:job_id>/give-up", views.give_up, name="operator_give_up"),
    *(path(f"reviews/<int:item_id>/{way}", views.review, {"way": way}, name=f"operator_review_{way}") for way in Way),
    path("reconciliation", reconciliation.runs, name="operator_reconciliation"),
    path("reconciliation/compare", reconciliation.compare, name="operator_compare"),
    path("reconciliation/settlement", reconciliation.settlement, name="operator_settlement"),
    *(
        path(
            f"findings/<int:item_id>/{remedy}",
            reconciliation.remedy,
            {"remedy": remedy},
            name=f"operator_remedy_{remedy}",
        )
        for remedy in Remedy
    ),
]
if settings.OLUKO_SANDBOX:
    # Beside a Paystack key of either kind there is no such address.
    urlpatterns += [
        path("rehearsal", rehearsal.console, name="rehearsal"),
        path("rehearsal/<slug:move>", rehearsal.press, name="rehearsal_press"),
    ]
