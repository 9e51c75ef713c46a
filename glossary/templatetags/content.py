"""What editors wrote, told apart from the words of a page that is in another language."""

from django import template
from django.utils import translation
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from glossary.languages import CONTENT_DIRECTION, CONTENT_LANGUAGE, is_content_apart

register = template.Library()


@register.simple_tag
def content_language() -> SafeString:
    """Attributes of an element that holds nothing but what editors wrote: begins with a blank, or is empty."""
    if not is_content_apart():
        return SafeString()
    return format_html(' lang="{}" dir="{}"', CONTENT_LANGUAGE, CONTENT_DIRECTION)


@register.simple_tag
def interface_language() -> SafeString:
    """Attributes of an element in the midst of what editors wrote that holds words of the page again."""
    if not is_content_apart():
        return SafeString()
    direction = "rtl" if translation.get_language_bidi() else "ltr"
    return format_html(' lang="{}" dir="{}"', translation.get_language(), direction)


@register.filter
def as_content(text: str) -> SafeString:
    """What editors wrote, for the midst of a sentence. Not for attributes and titles, which hold no markup."""
    if not is_content_apart():
        return conditional_escape(text)
    return format_html('<bdi lang="{}" dir="{}">{}</bdi>', CONTENT_LANGUAGE, CONTENT_DIRECTION, text)
