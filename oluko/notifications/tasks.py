"""Jobs of this room: the mail of a notification."""

from __future__ import annotations

from django.tasks import task

from oluko.notifications.mail import send_mail


@task(queue_name="outside")
def send_mail_for(notification_id: str) -> None:
    """Send one notification by e-mail; run again, it sends nothing."""
    send_mail(int(notification_id))
