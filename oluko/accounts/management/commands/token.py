"""`oluko token EMAIL`: print a new API token for that person, and nothing else."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token


class Command(BaseCommand):
    help = "Print a new API token for a person, and nothing else."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        person = Person.objects.filter(email=email, is_active=True).first()
        if person is None:
            self.stderr.write(f"oluko: nobody active has the address {email}.")
            sys.exit(1)
        self.stdout.write(issue_token(person, "oluko token"))
