from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "oluko.payouts"

    def ready(self) -> None:
        """Make known what this room tells people, in every process."""
        from oluko.payouts import bank_accounts, payouts  # noqa: F401
