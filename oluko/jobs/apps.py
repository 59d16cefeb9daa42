from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "oluko.jobs"
