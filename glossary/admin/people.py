from typing import Any

import django.contrib.auth.admin  # noqa: F401  # registers the admin that ours replaces, whatever the order of apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from glossary.models import Credentials

admin.site.unregister(User)


class CredentialsInline(admin.StackedInline):
    """What stands behind a reviewer's name. An approval keeps them as they were when it was given."""

    model = Credentials
    verbose_name_plural = "credentials"


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Accounts, with the credentials that approvals and pages show."""

    inlines = [CredentialsInline]
    list_display = ["username", "first_name", "last_name", "credentials_text", "is_staff", "is_active"]
    list_select_related = ["credentials"]

    @admin.display(description="credentials", empty_value="–", ordering="credentials__text")
    def credentials_text(self, user: User) -> str | None:
        credentials: Credentials | None = getattr(user, "credentials", None)
        return credentials.text if credentials else None

    def get_inlines(self, request: Any, obj: User | None) -> Any:
        # The page that adds an account asks for name and password only.
        return super().get_inlines(request, obj) if obj else []
