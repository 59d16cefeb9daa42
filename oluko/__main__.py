"""The `oluko` program: its own commands and every Django command."""

from __future__ import annotations

import gc
import os
import sys

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from oluko.supervisor import parse_address, set_addresses


def main() -> None:
    """Run one command; a wrong setting ends it with one line and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
    if sys.argv[1:2] == ["serve"]:
        # Settings take the port from the address, so it has to be known before they are read.
        set_addresses(os.environ, parse_address(sys.argv[2:]))
    try:
        # Django would carry on without settings for some commands; ours are right or nothing runs.
        _ = settings.INSTALLED_APPS
        # What is being loaded stays: looking for garbage among it takes a fifth of the time.
        gc.disable()
        django.setup()
        gc.enable()
        execute_from_command_line(["oluko", *sys.argv[1:]])
    except ImproperlyConfigured as problem:
        sys.stderr.write(f"oluko: {' '.join(str(problem).split())}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
