"""From pages of the admin to public ones, which may be on another host."""

from django import template

from glossary import hosts

register = template.Library()


@register.simple_tag
def public_address() -> str:
    """What stands before the path of a public page in the admin: nothing where both are on one host."""
    return hosts.public_address()
