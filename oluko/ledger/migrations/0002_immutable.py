from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from oluko.ledger.migrations._immutable import protect, unprotect


def forwards(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor.connection)


def backwards(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
