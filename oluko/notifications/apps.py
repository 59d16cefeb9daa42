from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    name = "oluko.notifications"

    def ready(self) -> None:
        """Make known, in every process, what the rooms tell people; some say it where it happens (their apps.py)."""
        autodiscover_modules("wording", "telling", "reminders")
