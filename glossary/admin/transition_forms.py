"""What the steps of a term ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from taggit.models import Tag

from glossary.models import ReviewComment, Revision, ScheduledChange, Term
from glossary.text.names import sort_key_of
from glossary.workflow.transitions import in_words, name_shown

if TYPE_CHECKING:
    from django.forms import ModelChoiceField

    UserChoiceField = ModelChoiceField[User]
else:
    UserChoiceField = forms.ModelChoiceField

LINE = {"class": "vTextField"}


def reviewers(*, barred: Any = ()) -> QuerySet[User]:
    """Return the people who may approve terms, without those who are ``barred`` (primary keys), by name."""
    people = User.objects.with_perm(
        "glossary.review_term", backend="django.contrib.auth.backends.ModelBackend", include_superusers=True
    )
    found: QuerySet[User] = people.filter(is_staff=True).exclude(pk__in=barred).select_related("credentials")
    return found.order_by("last_name", "first_name", "username")


class ReviewerField(UserChoiceField):
    def label_from_instance(self, obj: User) -> str:
        credentials = getattr(obj, "credentials", None)
        return f"{name_shown(obj)}, {credentials.text}" if credentials else name_shown(obj)


class MomentField(forms.DateTimeField):
    """A time to come, with the time zone said."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **kwargs)

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError("This time has passed. Choose a later one.")
        return moment


def zone() -> str:
    """Return the name of the time zone in which times are asked for."""
    return timezone.get_current_timezone_name()


class SubmitForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=500,
        label="What should the reviewer look at?",
        widget=forms.TextInput(attrs=LINE),
        help_text="For example “Dose corrected after the 2025 guideline”. Kept in the history.",
    )
    reviewer = ReviewerField(
        User.objects.none(),
        required=False,
        label="Reviewer",
        empty_label="Any reviewer",
        help_text="Only people who have not changed this term since its last approval can review it.",
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = people  # type: ignore[attr-defined]  # a model choice


def scheduled(term: Term, verb: str) -> ScheduledChange | None:
    """Return what is to happen to the term and wasn't done yet."""
    return term.scheduled.filter(verb=verb, done_at__isnull=True).first()


def replacing(change: ScheduledChange | None) -> str:
    """Return who scheduled what a new schedule would replace, or nothing."""
    if change is None:
        return ""
    what = f"revision {change.revision.number}" if change.revision else "it"
    return f"{change.created_by_name} scheduled {what} for {in_words(change.due_at)}. This would replace it."


class SeenForm(forms.Form):
    """A step that acts on what its page showed: the newest revision, and what was scheduled.

    Where somebody changed that meanwhile, the form says who, keeps what was typed, and asks again about what is true.
    """

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    scheduled = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        head: Revision | None = None,
        change: ScheduledChange | None = None,
        initial: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.head, self.change = head, change
        self.current = {"revision": head.number if head else None, "scheduled": change.pk if change else None}
        # A page that is shown again before anything was decided (``initial``) still says what it showed first.
        super().__init__(data, initial=self.current | dict(initial or {}), **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        news = []
        if self.head and cleaned.get("revision") != self.current["revision"]:
            news.append(f"{self.head.created_by_name} saved revision {self.head.number}.")
        if cleaned.get("scheduled") != self.current["scheduled"]:
            news.append(replacing(self.change) or "The scheduled change was cancelled or carried out.")
        if news:
            current = {self.add_prefix(name): "" if value is None else value for name, value in self.current.items()}
            self.data = dict(self.data.items()) | current
            raise forms.ValidationError(
                f"Something changed while this page was open. {' '.join(news)} Press the button again if you still "
                "want to go on."
            )
        return cleaned


class SubmitRevisionForm(SeenForm, SubmitForm):
    """Submits the revision that its page showed."""


class RetireForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label="Why is the term retired?",
        widget=forms.TextInput(attrs=LINE),
        help_text="Kept in the history, for example “Replaced by ‘Luteal support’”. Readers don't see it.",
    )


class RetireAtForm(SeenForm, RetireForm):
    successor = forms.CharField(
        required=False,
        max_length=300,
        label="Which term replaces it?",
        widget=forms.TextInput(attrs=LINE),
        help_text="The title or the address of a published term. The page of the retired term links to it, even if its "
        "address changes. Leave empty if no term replaces it.",
    )
    due_at = MomentField(required=False, label="When", help_text="Leave empty to retire now.")

    def __init__(self, data: QueryDict | None, **seen: Any) -> None:
        super().__init__(data, **seen)
        self.fields["due_at"].label = f"When ({zone()})"

    def clean_successor(self) -> Term | None:
        typed = self.cleaned_data["successor"].strip()
        if not typed:
            return None
        # A title, or an address as it is copied from the browser.
        slug = typed.rstrip("/").rsplit("/", 1)[-1]
        published = Term.objects.published()
        found = published.filter(entry__slug=slug) | published.filter(entry__sort_key=sort_key_of(typed))
        terms = list(found.distinct()[:2])
        if not terms:
            raise forms.ValidationError("There is no published term with this title or address.")
        if len(terms) > 1:
            raise forms.ValidationError("More than one term has this title. Enter the address instead.")
        return terms[0]


class ScheduleForm(SeenForm):
    due_at = MomentField(help_text="Readers see it at this time, or a few minutes later.")
    reason = forms.CharField(
        required=False,
        max_length=400,
        label="Why this revision?",
        widget=forms.TextInput(attrs=LINE),
        help_text="Readers see this in the public history. Say why the text changed.",
    )

    def __init__(self, data: QueryDict | None, **seen: Any) -> None:
        super().__init__(data, **seen)
        self.fields["due_at"].label = f"Publish at ({zone()})"


class EmergencyForm(SeenForm):
    reason = forms.CharField(
        max_length=500,
        label="What is the emergency?",
        widget=forms.TextInput(attrs=LINE),
        help_text="Readers see this. It is kept with this revision permanently, and the page of the term says that "
        "nobody reviewed it.",
    )


class TagForm(forms.Form):
    name = forms.CharField(max_length=100, label="Tag", widget=forms.TextInput(attrs=LINE))
    note = forms.CharField(
        required=False,
        max_length=500,
        label="Why",
        widget=forms.TextInput(attrs=LINE),
        help_text="Kept in the history.",
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if "," in name:
            raise forms.ValidationError("Enter one tag, without a comma.")
        return name


class UntagForm(TagForm):
    """Names a tag that somebody carries."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Tag to remove"

    def clean_name(self) -> str:
        name = super().clean_name()
        if not Tag.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError("There is no such tag.")
        return name


class ReplaceTagForm(TagForm):
    """Names a tag that somebody carries (``old``), and the one that takes its place."""

    old = forms.CharField(max_length=100, label="Tag to take off", widget=forms.TextInput(attrs=LINE))
    field_order = ("old", "name", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "New tag"

    def clean_old(self) -> str:
        old = " ".join(self.cleaned_data["old"].split())
        if not Tag.objects.filter(name__iexact=old).exists():
            raise forms.ValidationError("There is no such tag.")
        return old

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("old") and cleaned.get("old", "").casefold() == cleaned.get("name", "").casefold():
            self.add_error("name", "Choose a tag other than the one to remove.")
        return cleaned


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Why",
        widget=forms.TextInput(attrs=LINE),
        help_text="Kept in the history, for example “Submitted by mistake”.",
    )


class OwnerForm(forms.Form):
    owner = ReviewerField(
        User.objects.none(),
        required=False,
        label="Owner",
        empty_label="Nobody",
        help_text="Gets an email when a term is due for review, or when something that the term leads to changes.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_staff=True, is_active=True).select_related("credentials")
        self.fields["owner"].queryset = people.order_by("first_name", "last_name", "username")  # type: ignore[attr-defined]  # a model choice


class PublishForm(forms.Form):
    """Asks for nothing: the page says what is published, and the button does it."""


class CommentForm(forms.Form):
    section = forms.ChoiceField(choices=ReviewComment.Section.choices, widget=forms.HiddenInput)
    text = forms.CharField(max_length=2000, label="Comment", widget=forms.Textarea(attrs={"rows": 3}))


class ApproveForm(SeenForm):
    """The approval, and what follows from it, which may replace what the page showed as scheduled."""

    NOW, LATER, LEAVE = "now", "later", "leave"

    then = forms.ChoiceField(
        label="Then",
        choices=[
            (NOW, "Publish it now"),
            (LATER, "Publish it at a time"),
            (LEAVE, "Leave publishing to the editors"),
        ],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    due_at = MomentField(required=False)
    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Why this revision?",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Readers see this in the public history once the revision is published. Say why the text changed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_at"].label = f"Time ({zone()})"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "due_at" in self.errors:
            return data
        if data.get("then") == self.LATER and not data.get("due_at"):
            self.add_error("due_at", "Enter when to publish it.")
        elif data.get("then") != self.LATER and data.get("due_at"):
            self.add_error("due_at", "Choose “Publish it at a time” above, or clear the time.")
        return data


class SendBackForm(forms.Form):
    reason = forms.CharField(
        max_length=1000,
        label="What should change?",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The author reads this first, and your comments on sections with it.",
    )
