"""Link from the admin to public pages, which may be on another host."""

from django import template

from glossary import hosts

register = template.Library()


@register.simple_tag
def public_address() -> str:
    """Return what precedes the path of a public page in the admin: nothing if both are on one host."""
    return hosts.public_address()
