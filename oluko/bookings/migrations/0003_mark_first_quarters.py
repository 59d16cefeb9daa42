"""Claims made before a daily cap existed learn which of them opens a session of its tutor."""

from django.db import migrations

SECONDS = 15 * 60


def mark(apps, schema_editor):
    claim = apps.get_model("calendars", "Claim")
    live = apps.get_model("bookings", "Booking").objects.filter(
        status__in=["PENDING_MENTOR_REVIEW", "SCHEDULED", "IN_PROGRESS"]
    )
    for booking, tutor, start in live.values_list("pk", "tutor_id", "scheduled_at").iterator():
        quarter = int(start.timestamp()) // SECONDS
        claim.objects.filter(booking_id=booking, person_id=tutor, quarter=quarter).update(opens=True)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_moves"), ("calendars", "0002_outside_calendars")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
