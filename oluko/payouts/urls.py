"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.payouts import account_views, views

urlpatterns = [
    path("tutor/payouts", views.withdraw, name="withdraw"),
    path("tutor/payouts/weekly", views.weekly, name="payouts_weekly"),
    path("tutor/payouts/<uuid:payout_id>", views.payout, name="payout"),
    path("tutor/payouts/<uuid:payout_id>/call-off", views.stop, name="payout_call_off"),
    path("tutor/bank-account", account_views.bank_account, name="bank_account"),
    path("tutor/bank-account/banks", account_views.find_banks, name="find_banks"),
    path("tutor/bank-account/save", account_views.save, name="bank_account_save"),
]
