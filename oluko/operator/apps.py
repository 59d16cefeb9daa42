from django.apps import AppConfig


class OperatorConfig(AppConfig):
    name = "oluko.operator"
