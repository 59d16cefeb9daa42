from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "oluko.courses"

    def ready(self) -> None:
        """Make known what this room tells people, in every process."""
        from oluko.courses import courses  # noqa: F401
