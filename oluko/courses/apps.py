from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "oluko.courses"
