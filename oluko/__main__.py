"""The `oluko` program: its own commands and every Django command."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run one command; a wrong setting ends it with one line and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
    try:
        execute_from_command_line(["oluko", *sys.argv[1:]])
    except ImproperlyConfigured as problem:
        sys.exit(f"oluko: {problem}")


if __name__ == "__main__":
    main()
