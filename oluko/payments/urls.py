"""Addresses of paying."""

from __future__ import annotations

from django.urls import path

from oluko.payments import cancel_views, hold_views, no_show_views, problem_views, receipt_views, refund_views, views

urlpatterns = [
    path("mentorship/offerings/<uuid:offering_id>/book", views.begin_checkout, name="begin_checkout"),
    path("mentorship/checkout/<uuid:booking_id>", views.checkout, name="checkout"),
    path("mentorship/checkout/<uuid:booking_id>/still-paying", hold_views.still_paying, name="still_paying"),
    path("mentorship/checkout/<uuid:booking_id>/again", hold_views.again, name="take_again"),
    path("mentorship/session/<uuid:booking_id>/refunds", refund_views.refunds, name="session_refunds"),
    path("mentorship/session/<uuid:booking_id>/problem", problem_views.problem, name="session_problem"),
    path("mentorship/session/<uuid:booking_id>/tutor-absent", no_show_views.tutor_absent, name="session_tutor_absent"),
    path("mentorship/session/<uuid:booking_id>/receipt", receipt_views.receipt, name="session_receipt"),
    path("mentorship/session/<uuid:booking_id>/receipt.pdf", receipt_views.receipt_pdf, name="session_receipt_pdf"),
    path("mentorship/session/<uuid:booking_id>/cancel", cancel_views.cancel, name="session_cancel"),
    path("mentorship/verify-payment", views.verify_payment, name="verify_payment"),
]
