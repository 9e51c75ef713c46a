"""What the other models build on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AppendOnly(models.Model):
    """A row that is written once. Database triggers refuse UPDATE and DELETE (migration ``append_only``)."""

    class Meta:
        abstract = True


def name_of(user: User) -> str:
    """Return the name of a person that the history stores permanently."""
    return (user.get_full_name() or user.get_username())[:200]
