from typing import TYPE_CHECKING, Any, cast

import taggit.admin  # noqa: F401  # registers the admin that ours replaces, whatever the order of INSTALLED_APPS
from django import forms
from django.contrib import admin
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone
from taggit.models import Tag

from glossary.actions import describe_tag, rename_tag
from glossary.document.documents import topic_slug_for
from glossary.models import MAX_DESCRIPTION, TagDescription

if TYPE_CHECKING:
    from django.contrib.auth.models import User

admin.site.unregister(Tag)


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags, in place of taggit's own admin, which lets staff merge tags who may only look at them.

    A tag is part of the documents that carry it. So it is never deleted here, renaming one is an action that freezes
    each of those documents again, and merging one into another replaces it on each term (``glossary.admin.listing``).
    """

    list_display = ["name", "term_count"]
    search_fields = ["name"]
    fields = ["name", "description"]
    ordering = [Lower("name")]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(terms=Count("taggit_taggeditem_items"))

    @admin.display(description="terms", ordering="terms")
    def term_count(self, tag: Any) -> str:
        return f"{tag.terms:,}"

    def has_change_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        return super().has_change_permission(request, obj) or self.may_describe(request)

    def may_describe(self, request: HttpRequest) -> bool:
        return request.user.has_perm("glossary.describe_tag")

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> list[str]:
        # People who may only describe a tag cannot rename it, which would save a revision of every term with it.
        return ["name"] if obj and not super().has_change_permission(request, obj) else []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context["may_merge"] = request.user.has_perm("glossary.change_term")
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Tag | None = None) -> Any:
        return ["name", "description"] if self.may_describe(request) else ["name"]

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Tag | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=TagForm, **kwargs)

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        by, at = cast("User", request.user), timezone.now()
        if not change:
            super().save_model(request, obj, form, change)
        elif "name" in form.changed_data:
            rename_tag(tag=obj, name=obj.name, by=by, at=at)
        if "description" in form.changed_data:
            describe_tag(tag=obj, text=form.cleaned_data["description"], by=by, at=at)


class TagForm(forms.ModelForm):
    description = forms.CharField(
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text="What the topic is about, in a few sentences of plain text. An empty line begins a new paragraph. "
        "Readers see it above the terms of the topic as soon as you save.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = TagDescription.objects.filter(tag=self.instance.pk).first() if self.instance.pk else None
        self.initial["description"] = current.text if current else ""

    class Meta:
        model = Tag
        fields = ["name"]
        help_texts = {
            "name": "As readers see it. If you rename the tag, a new revision of every term with this tag is saved."
        }

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        others = Tag.objects.exclude(pk=self.instance.pk)
        # Tags are found without regard to case, and in addresses without accents: two alike would shadow one another.
        slug = topic_slug_for(name)
        if not slug or others.filter(Q(name__iexact=name) | Q(slug=slug)).exists():
            raise forms.ValidationError(
                "This name is too similar to another tag, or has no letters. Choose another name."
            )
        return name
