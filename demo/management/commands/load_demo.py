"""``manage.py load_demo``: the demonstration glossary, and in development its accounts and services."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.urls import reverse
from django.utils import timezone

from demo.accounts import FILE_NAME, AccountState, ensure_accounts, known_accounts
from demo.glossary import load_demonstration
from demo.services import ensure_services, misplaced_services, third_party_of
from glossary.hosts import admin_address


class Command(BaseCommand):
    help = (
        "Load and publish the demonstration glossary, and while DEBUG is on, create an account of each kind and a "
        "harmless service for each category of the cookie banner. What exists is not changed, so that the command "
        "can run at every start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-accounts", action="store_true", help="Load only the glossary, without accounts and services."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_demonstration(at=timezone.now())
        if options["verbosity"]:
            if loaded.created:
                kept = f", {loaded.existing} already existed and were not changed" if loaded.existing else ""
                self.stdout.write(f"Demonstration glossary: {len(loaded.created)} terms created and published{kept}.")
                self.stdout.write("It is educational and not medical advice.")
            else:
                self.stdout.write(
                    f"Demonstration glossary: its {loaded.existing} terms already exist, so there is nothing to do."
                )
        if options["no_accounts"]:
            return
        if settings.DEBUG:
            states = ensure_accounts(folder=settings.DATA_DIR)
            is_new = self._set_up_services()
            if options["verbosity"]:
                self._show_accounts(states)
                self._show_services(is_new=is_new)
        elif options["verbosity"]:
            self._show_leftovers()

    def _show_accounts(self, states: list[AccountState]) -> None:
        self.stdout.write(f"\nDemonstration accounts for {admin_address()}{reverse('admin:index')}\n\n")
        for state in states:
            password = state.password or f"({state.note})"
            extra = f"  ({state.note})" if state.password and state.note else ""
            role = state.account.group or "Administrator"
            self.stdout.write(f"  {state.account.username:<10} {password:<20} {role}{extra}")
        self.stdout.write(f"\nThe accounts are stored in {settings.DATA_DIR / FILE_NAME}\n")

    def _set_up_services(self) -> bool:
        if not third_party_of(settings.SITE_URL):
            return False
        operator = User.objects.filter(username="operator", is_active=True).first()
        return operator is not None and ensure_services(site_url=settings.SITE_URL, by=operator, at=timezone.now())

    def _show_services(self, *, is_new: bool) -> None:
        if is_new:
            self.stdout.write("A demonstration service for each category of the cookie banner shows when it runs.")
        elif names := misplaced_services(site_url=settings.SITE_URL):
            self.stdout.write(
                f"{', '.join(names)}: made for another address or port of this site, and cannot run at "
                f"{settings.SITE_URL}. Change their addresses in the admin under Services, then publish a notice."
            )

    def _show_leftovers(self) -> None:
        if names := known_accounts(folder=settings.DATA_DIR):
            self.stdout.write(
                f"This database has demonstration accounts from development ({', '.join(names)}), whose passwords are "
                f"in {settings.DATA_DIR / FILE_NAME}. Delete or deactivate them before the site is public."
            )
        elif not User.objects.filter(is_staff=True, is_active=True).exists():
            self.stdout.write(
                "No accounts are created while DEBUG is off. Create yours with: manage.py createsuperuser"
            )
