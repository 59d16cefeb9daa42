"""Exceptions move into the row of their availability, which every search for a free time reads anyway."""

from django.db import migrations


def gather(apps, schema_editor):
    rows = {}
    for exception in apps.get_model("calendars", "AvailabilityException").objects.all():
        rows.setdefault(exception.availability_id, {})[exception.date.isoformat()] = exception.ranges
    for person, exceptions in rows.items():
        apps.get_model("calendars", "Availability").objects.filter(pk=person).update(exceptions=exceptions)


def scatter(apps, schema_editor):
    exception = apps.get_model("calendars", "AvailabilityException")
    for row in apps.get_model("calendars", "Availability").objects.exclude(exceptions={}):
        exception.objects.bulk_create(
            exception(availability_id=row.pk, date=day, ranges=ranges) for day, ranges in row.exceptions.items()
        )


class Migration(migrations.Migration):
    dependencies = [("calendars", "0002_outside_calendars")]

    operations = [
        migrations.RunPython(gather, scatter),
        migrations.DeleteModel("AvailabilityException"),
    ]
