from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "oluko.meetings"

    def ready(self) -> None:
        """Make known what this room tells people, in every process."""
        from oluko.meetings import checks, opening  # noqa: F401
