from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "oluko.reconciliation"
