from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "oluko.calendars"

    def ready(self) -> None:
        """Make known what this room tells people, in every process."""
        from oluko.calendars import busy_elsewhere  # noqa: F401
