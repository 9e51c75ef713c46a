"""Who gets which answer from every address of the editing desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, reverse
from taggit.models import Tag

from consent.models import CheckRun, ConsentEvent, ConsentRecord, Notice, NoticeText, Service, Violation
from glossary.actions import save_term, schedule_retirement, submit_term, unschedule
from glossary.models import (
    Concern,
    Event,
    MissingTerm,
    PublishedEntry,
    Review,
    Revision,
    ScheduledChange,
    Term,
)
from tests.consent.audits import audit_run
from tests.consent.ledger import add_records
from tests.folders import ROOT
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.glossary.term_form import change_url, fields_of, messages_of, signed_in, with_row, without_pages
from tests.people import NOON, person

pytestmark = pytest.mark.django_db

ROLES = ["anonymous", "staff", "editor", "reviewer", "operator", "superuser"]
EVERYBODY = "staff editor reviewer operator superuser"
# An address of the admin answers 403 to everybody who is signed in, and sends everybody else to the login (302). These
# are the exceptions: another answer, the roles that get it, and where, as "model: pages of it" or by whole names.
Exceptions = list[tuple[int, str, str]]
READ: Exceptions = [
    (
        200,
        "superuser",
        """
        auth_group: add change changelist delete history
        auth_user: add change changelist delete history password_change
        glossary_term: emergency
        """,
    ),
    (
        200,
        "editor superuser",
        """
        glossary_term: add dismiss merge_tag restore similar
        taggit_tag: add
        """,
    ),
    (
        200,
        "operator superuser",
        """
        consent_auditrun: change changelist history
        consent_checkrun: change changelist history
        consent_checkpoint: changelist
        consent_consentevent: change changelist history
        consent_consentrecord: change changelist history export
        consent_dailychoices: changelist
        consent_notice: change changelist evidence history preview publish
        consent_noticetext: change changelist history
        consent_service: add change changelist history preset presets start_code
        consent_violation: change changelist history
        cookie_consent_cookie: add change changelist delete history
        cookie_consent_cookiegroup: add change changelist history
        """,
    ),
    (302, "operator superuser", "consent_consentrecord: search"),
    (404, "operator superuser", "consent_notice: publish_in"),
    (200, "reviewer superuser", "glossary_term: retire"),
    (404, "staff operator", "app_list"),
    (
        200,
        "editor reviewer superuser",
        """
        app_list
        glossary_event: change changelist history
        glossary_missingterm: change changelist history
        glossary_term: change changelist compare history links names review revision submit tags
        taggit_tag: change changelist history
        """,
    ),
    (302, "editor reviewer superuser", "glossary_term: schedule"),
    (
        200,
        EVERYBODY,
        """
        glossary_term: session
        index jsi18n password_change password_change_done
        """,
    ),
    (404, EVERYBODY, "view_on_site"),
    (405, EVERYBODY, "glossary_term: impact presence preview publish unschedule withdraw"),
    (405, EVERYBODY, "consent_checkrun: start"),
]
# The same for a forged POST without any field. One by an editor to a tag says what is said already: nothing.
WRITE: Exceptions = [
    (302, "editor", "taggit_tag: change"),
    (
        200,
        "superuser",
        """
        auth_group: add change changelist delete history
        auth_user: add change changelist delete history password_change
        glossary_term: emergency
        taggit_tag: change
        """,
    ),
    (
        200,
        "editor superuser",
        """
        glossary_term: add change dismiss impact presence preview restore
        taggit_tag: add
        """,
    ),
    (
        200,
        "operator superuser",
        """
        consent_auditrun: history
        consent_checkrun: history
        consent_consentevent: history
        consent_consentrecord: history export
        consent_notice: evidence history preview publish
        consent_noticetext: change changelist history
        consent_service: add change changelist history preset
        consent_violation: changelist history
        cookie_consent_cookie: add change changelist delete history
        cookie_consent_cookiegroup: add change changelist history
        """,
    ),
    (302, "operator superuser", "consent_consentrecord: search"),
    (302, "operator superuser", "consent_service: start_code"),
    (400, "operator superuser", "consent_checkrun: start"),
    (404, "operator superuser", "consent_notice: publish_in"),
    (200, "reviewer superuser", "glossary_term: retire"),
    (302, "reviewer superuser", "glossary_term: review unschedule"),
    (404, "staff operator", "app_list"),
    (
        200,
        "editor reviewer superuser",
        """
        app_list
        glossary_event: changelist history
        glossary_missingterm: changelist history
        glossary_term: changelist history submit tags
        taggit_tag: changelist history
        """,
    ),
    (302, "editor reviewer superuser", "glossary_term: links names publish schedule withdraw"),
    (200, EVERYBODY, "index password_change"),
    (404, EVERYBODY, "view_on_site"),
    (
        405,
        EVERYBODY,
        """
        glossary_term: merge_tag
        autocomplete jsi18n
        consent_checkpoint: changelist
        consent_dailychoices: changelist
        consent_service: presets
        glossary_term: compare revision session similar
        password_change: done
        """,
    ),
]

COUNTED = [
    *("glossary.Term", "glossary.Revision", "glossary.Event", "glossary.Review", "glossary.ReviewComment"),
    *("glossary.Approval", "glossary.ScheduledChange", "glossary.Credentials", "glossary.OutboundEmail", "taggit.Tag"),
    *("glossary.TagDescription", "glossary.MissingTerm", "glossary.UnlinkedName"),
    *("auth.User", "auth.Group", "consent.Notice", "consent.Service", "consent.ConsentRecord"),
    *("consent.CheckRun", "consent.ConsentEvent"),
    "consent.Violation",
    *("cookie_consent.Cookie", "cookie_consent.CookieGroup"),
]


@dataclass
class World:
    """A term that is public, with a newer revision nobody approved; another in review; and a row of everything else."""

    term: Term
    review: Review
    change: ScheduledChange
    objects: dict[str, Any]

    def address(self, name: str) -> str:
        model, _, step = name.rpartition("_")
        given: list[Any] = []
        if name in ("glossary_term_revision", "glossary_term_restore"):
            given = [self.term.pk, 1]
        elif name == "glossary_term_dismiss":
            given = [self.term.pk, self.term.concerns.get().pk]
        elif name == "glossary_term_review":
            given = [self.review.term_id, self.review.pk]
        elif name == "glossary_term_unschedule":
            given = [self.term.pk, self.change.pk]
        elif name in ("app_list", "view_on_site"):
            given = ["glossary"] if name == "app_list" else [ContentType.objects.get_for_model(Term).pk, self.term.pk]
        elif name in ("consent_notice_preview", "consent_notice_publish_in"):
            given = ["en" if step == "preview" else "de"]
        elif name == "consent_service_preset":
            given = ["matomo"]
        elif name == "auth_user_password_change":
            given = [self.objects["auth_user"].pk]
        elif name == "glossary_term_merge_tag":
            given = [self.objects["taggit_tag"].pk]
        elif name == "consent_service_start_code":
            given = [self.objects["consent_service"].pk]
        elif (
            model in self.objects
            and step
            not in ("changelist", "add", "tags", "names", "session", "similar", "search", "export", "presets", "start")
            and name not in ("consent_notice_publish", "consent_notice_evidence")
        ):
            given = [self.objects[model].pk]
        return reverse(f"admin:{name}", args=given)

    def snapshot(self) -> tuple[Any, ...]:
        """Return what no forged request may change."""
        return (
            *(apps.get_model(label)._default_manager.count() for label in COUNTED),
            *Term.objects.order_by("pk").values_list("head", "review__status", "retired_at"),
            *PublishedEntry.objects.order_by("pk").values_list("revision", "approval"),
            *ScheduledChange.objects.values_list("due_at", "done_at"),
            *Concern.objects.values_list("kind", "resolved_at"),
            *Service.objects.order_by("pk").values_list("status", "start_code", "start_code_approved_sha256"),
        )


@pytest.fixture(scope="module")
def built(shared_database: None) -> World:
    """The world as every test of this module begins with it. Under the database alone: tests get copies."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        editor = person("edith", "Edith Okafor", "Clinical editors")
        reviewer = person("rafael", "Rafael Lindqvist", "Clinical reviewers")
        person("stan", "Stan Doe")
        person("olga", "Olga Brandt", "Site operators")
        person("root", "Ruth Oyelaran", superuser=True)
        return build(editor=editor, reviewer=reviewer, at=NOON)


def build(*, editor: User, reviewer: User, at: datetime) -> World:
    term = save_term(document=document(tags=["cycle"]), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    term = save_term(document=document(tags=["cycle"], origin="<p>New.</p>"), by=editor, at=at, term=term).term
    change = schedule_retirement(term=term, due_at=at + timedelta(days=1), by=reviewer, at=at)
    unschedule(change=change, by=reviewer, at=at)
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    Concern.objects.create(term=term, kind="target_changed", target=other, created_at=at)
    group = CookieGroup.objects.get(varname="analytics")
    notice = Notice.objects.get()
    add_records(1, at=at)
    service = Service.objects.create(
        name="Statistics",
        slug="statistics",
        vendor="Vendor",
        purpose="Counts.",
        privacy_policy="https://example.org/",
        category=group,
        url="https://example.org/s.js",
        integrity="sha256-x",
        start_code="void 0;",
        changed_at=at,
    )
    objects = {
        "glossary_term": term,
        "glossary_event": term.events.first(),
        "glossary_missingterm": MissingTerm.objects.create(text="estriol", first_date=NOON, last_date=NOON),
        "taggit_tag": Tag.objects.get(),
        "auth_user": person("vera", "Vera Moss"),
        "auth_group": Group.objects.get(name="Clinical editors"),
        "consent_notice": notice,
        "consent_noticetext": NoticeText.objects.get(),
        "consent_service": service,
        "consent_consentrecord": ConsentRecord.objects.get(),
        "consent_auditrun": audit_run(at=at),
        "consent_checkrun": CheckRun.objects.create(kind="verify", asked_at=at, asked_by=editor, alive_at=at),
        "consent_consentevent": ConsentEvent.objects.create(verb="pruned", at=at, by_name="schedule"),
        "consent_violation": Violation.objects.create(
            directive="img-src", blocked="https://t.example", count=1, first_date=at.date(), last_date=at.date()
        ),
        "cookie_consent_cookiegroup": group,
        "cookie_consent_cookie": Cookie.objects.create(cookiegroup=group, name="_x", description="x"),
    }
    return World(term, submit_term(term=other, by=editor, at=at), change, objects)


@pytest.fixture
def world(built: World) -> World:
    return deepcopy(built)


@pytest.fixture
def term(world: World) -> Term:
    return world.term


@pytest.fixture
def editor(built: World) -> User:
    return User.objects.get(username="edith")


@pytest.fixture
def reviewer(built: World) -> User:
    return User.objects.get(username="rafael")


PEOPLE = {"editor": "edith", "reviewer": "rafael", "operator": "olga", "staff": "stan", "superuser": "root"}


def person_of(role: str) -> User | None:
    return User.objects.get(username=PEOPLE[role]) if role in PEOPLE else None


@pytest.fixture
def client_of(built: World, db: None) -> dict[str, Client]:
    return {role: signed_in(person_of(role)) for role in ROLES}


def names_in(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names_in(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def names(text: str) -> list[str]:
    """Return the addresses that an exception speaks of."""
    found: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        model, colon, pages = line.partition(": ")
        found += [f"{model}_{page}" for page in pages.split()] if colon else line.split()
    return found


def expected(exceptions: Exceptions) -> dict[str, dict[str, int]]:
    """Return the address of every page of the admin → role → what it is answered."""
    # Signing in and out are Django's own, and everybody's.
    every = set(names_in(admin.site.urls[0])) - {"login", "logout"}
    answers = {name: {role: 302 if role == "anonymous" else 403 for role in ROLES} for name in every}
    for answer, roles, where in exceptions:
        for name in names(where):
            answers[name].update(dict.fromkeys(roles.split(), answer))
    return answers


def test_nobody_but_a_term_and_what_belongs_to_it_has_pages() -> None:
    glossary = {model for model in admin.site._registry if model._meta.app_label == "glossary"}
    # Revisions, reviews, approvals, published entries, old addresses and content versions have no page of their own.
    assert glossary == {Term, Event, MissingTerm}


@pytest.fixture(scope="module")
def bare_refusals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A refusal without the page around it, which takes most of the time of several hundred."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "403.html").write_text("Refused")
    [engine] = settings.TEMPLATES
    with override_settings(TEMPLATES=[engine | {"DIRS": [folder, ROOT / "templates"]}]):
        yield


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.usefixtures("bare_refusals")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_exactly_its_answers(role: str, world: World) -> None:
    """The pages themselves are rendered for superusers, who see all of them."""
    answers = expected(READ)
    client = signed_in(person_of(role)) if role == "superuser" else without_pages(person_of(role))
    given = {name: client.get(world.address(name)).status_code for name in answers}
    assert given == {name: answers[name][role] for name in answers}


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.usefixtures("bare_refusals")
@pytest.mark.parametrize("role", ROLES)
def test_a_forged_post_changes_nothing(role: str, world: World) -> None:
    answers, before = expected(WRITE), world.snapshot()
    client = without_pages(person_of(role))
    given = {name: client.post(world.address(name)).status_code for name in answers}
    assert given == {name: answers[name][role] for name in answers}
    assert world.snapshot() == before


# The roles for which a bulk action, confirmed at once, does its work. To others it is none of the choices of the list,
# which says that no action was chosen.
BULK: dict[str, str] = {
    "submit_selected": "editor reviewer superuser",
    "publish_selected": "editor reviewer superuser",
    "withdraw_selected": "editor reviewer superuser",
    "tag_selected": "editor superuser",
    "untag_selected": "editor superuser",
    "replace_tag_selected": "editor superuser",
    "own_selected": "editor superuser",
    "retire_selected": "reviewer superuser",
    "delete_selected": "",
    # Of the operators' list of what browsers refused (tests/consent/test_violations.py).
    "mark_seen": "",
    "forget": "",
    # Of the operators' list of services (tests/consent/test_launching.py).
    "publish_and_switch_on": "",
    # Of the editors' list of what readers look for in vain (tests/glossary/test_search_missing.py).
    "dismiss": "",
}


def test_the_matrix_names_every_bulk_action_of_the_admin() -> None:
    site_wide = {name for name, _ in admin.site.actions}
    offered = {name for model in admin.site._registry.values() for name in (model.actions or ())}
    assert offered | site_wide == BULK.keys()


@pytest.mark.parametrize("action", BULK)
def test_bulk_actions_are_for_those_who_may(
    action: str, term: Term, world: World, client_of: dict[str, Client], reviewer: User
) -> None:
    """The term is public, and its newest revision is approved for ``publish_selected`` only."""
    if action == "publish_selected":
        approve(term=term, by=reviewer, at=NOON)
    before = world.snapshot()
    form = {"action": action, "_selected_action": [term.pk]}
    form |= {"confirmed": "1", "post": "yes", "note": "x", "name": "cycle day", "reason": "x", "old": "cycle"}
    if action == "untag_selected":
        form["name"] = "cycle"
    if action == "withdraw_selected":
        form["_selected_action"] = [world.review.term_id]
    done = {}
    for role in ROLES:
        with transaction.atomic():
            status = client_of[role].post(reverse("admin:glossary_term_changelist"), form).status_code
            done[role] = status, world.snapshot() != before
            transaction.set_rollback(True)
    sees = expected(READ)["glossary_term_changelist"]
    assert done == {role: (403 if sees[role] == 403 else 302, role in BULK[action].split()) for role in ROLES}


@pytest.mark.parametrize("name", ["term_change", "term_history", "term_delete", "term_publish", "term_retire"])
def test_an_unknown_term_is_not_found(name: str, term: Term, client_of: dict[str, Client]) -> None:
    url = reverse(f"admin:glossary_{name}", args=[term.pk + 100])
    response = client_of["reviewer"].post(url) if name == "term_publish" else client_of["reviewer"].get(url)
    assert response.status_code == 404


def test_only_those_who_may_publish_can_save_and_publish(
    term: Term, editor: User, client_of: dict[str, Client]
) -> None:
    data = fields_of(client_of["editor"].get(change_url(term))) | {"mechanism": "<p>New.</p>", "_publish": "1"}
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename="publish_term"))
    page = client_of["editor"].get(change_url(term)).content.decode()
    assert "Publish revision" not in page
    assert "_publish" not in page
    assert client_of["editor"].post(change_url(term), data).status_code == 403
    assert term.revisions.count() == 2
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    assert client_of["editor"].post(url, {"revision": 2}).status_code == 403
    assert PublishedEntry.objects.get().revision.number == 1


@pytest.mark.parametrize("role", ["editor", "reviewer", "superuser"])
def test_publishing_takes_the_revision_that_was_seen(
    role: str, term: Term, client_of: dict[str, Client], reviewer: User, at: datetime
) -> None:
    approve(term=term, by=reviewer, at=at)
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    response = client_of[role].post(url, {"revision": "1"}, follow=True)
    assert "a newer revision was saved in the meantime" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 1
    assert "Publish revision 2" in response.content.decode()
    response = client_of[role].post(url, {"revision": "2"})
    assert "is published" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 2


def test_what_is_not_approved_is_not_published_by_anybody(term: Term, client_of: dict[str, Client]) -> None:
    for role in ("editor", "reviewer", "superuser"):
        assert "Publish revision 2" not in client_of[role].get(change_url(term)).content.decode()
        url = reverse("admin:glossary_term_publish", args=[term.pk])
        response = client_of[role].post(url, {"revision": "2"})
        assert messages_of(response) == [
            "Not published: Revision 2 of “Luteal phase” is not approved. Submit it for review."
        ]
    assert PublishedEntry.objects.get().revision.number == 1


def test_a_reviewer_retires_with_a_reason_and_brings_back(
    term: Term, client_of: dict[str, Client], reviewer: User, at: datetime
) -> None:
    approve(term=term, by=reviewer, at=at)
    url = reverse("admin:glossary_term_retire", args=[term.pk])
    assert "This field is required" in client_of["reviewer"].post(url).content.decode()
    assert client_of["editor"].post(url, {"reason": "Forged"}).status_code == 403
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, {"reason": "Superseded"})
    assert messages_of(response) == ["“Luteal phase” was retired."]
    assert term.events.first().reason == "Superseded"  # type: ignore[union-attr]  # there is one
    again = client_of["reviewer"].post(url, {"reason": "Again"})
    assert "nothing to retire" in messages_of(again)[0]
    history = client_of["reviewer"].get(reverse("admin:glossary_term_history", args=[term.pk])).content.decode()
    assert "Superseded" in history
    publish = reverse("admin:glossary_term_publish", args=[term.pk])
    client_of["reviewer"].post(publish, {"revision": "2"})
    assert PublishedEntry.objects.get().term_id == term.pk


def test_many_are_published_at_once_and_each_is_reported(
    term: Term, client_of: dict[str, Client], editor: User, reviewer: User, at: datetime
) -> None:
    new = save_term(document=document("New"), by=editor, at=at).term
    approve(term=new, by=reviewer, at=at)
    bare = Term.objects.create(title="Bare", slug="bare", definition="<p>x</p>")
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "publish_selected", "_selected_action": [term.pk, new.pk, bare.pk]}
    assert "Publish terms" in client_of["editor"].post(url, selection).content.decode()
    assert not PublishedEntry.objects.filter(term=new).exists()
    selection["confirmed"] = "1"
    response = client_of["editor"].post(url, selection)
    assert messages_of(response) == [
        "“Bare” has no revision yet. Save it first, then publish it.",
        "Revision 2 of “Luteal phase” is not approved. Submit it for review.",
        "Published: “New”.",
    ]
    response = client_of["editor"].post(url, selection | {"_selected_action": [new.pk]})
    assert messages_of(response) == ["Already published: “New”."]


def test_many_are_retired_after_a_question_and_by_reviewers_only(
    term: Term, client_of: dict[str, Client], editor: User, at: datetime
) -> None:
    draft = save_term(document=document("Draft"), by=editor, at=at).term
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "retire_selected", "_selected_action": [term.pk, draft.pk]}
    forged = client_of["editor"].post(url, selection | {"confirmed": "1", "reason": "x"})
    assert messages_of(forged) == ["No action selected."]
    question = client_of["reviewer"].post(url, selection).content.decode()
    assert "Retire terms?" in question
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, selection | {"confirmed": "1", "reason": "Old"})
    assert messages_of(response) == [
        "“Draft” is not published, so there is nothing to retire.",
        "Retired: “Luteal phase”.",
    ]
    assert not PublishedEntry.objects.exists()


def test_reviewers_read_the_newest_revision_rendered(term: Term, client_of: dict[str, Client]) -> None:
    page = client_of["reviewer"].get(change_url(term)).content.decode()
    assert '<div class="document__text"><p>New.</p></div>' in page
    assert "Submit for review…" in page
    assert "Retire…" in page
    assert "<textarea" not in page


def test_a_revision_that_was_frozen_past_the_actions_is_cleaned_when_shown(
    term: Term, client_of: dict[str, Client], at: datetime
) -> None:
    evil = term.revisions.latest("number").document | {"origin": "<script>alert(1)</script><p>Text</p>"}
    head = term.revisions.latest("number")
    Revision.objects.create(
        term=term, number=3, parent=head, document=evil, sha256="0" * 64, created_at=at, created_by_name="Shell"
    )
    page = client_of["editor"].get(reverse("admin:glossary_term_revision", args=[term.pk, 3])).content.decode()
    assert '<div class="document__text"><p>Text</p></div>' in page
    assert "alert(1)" not in page


def test_a_term_cannot_be_deleted_through_its_list_and_says_why(term: Term, client_of: dict[str, Client]) -> None:
    url = reverse("admin:glossary_term_changelist")
    forged = {"action": "delete_selected", "_selected_action": [term.pk], "post": "yes"}
    assert messages_of(client_of["superuser"].post(url, forged)) == ["No action selected."]
    page = client_of["superuser"].get(reverse("admin:glossary_term_delete", args=[term.pk]))
    assert "Terms cannot be deleted" in page.content.decode()
    assert Term.objects.exists()


def test_nobody_merges_tags(term: Term, client_of: dict[str, Client]) -> None:
    for role in ("editor", "reviewer", "superuser"):
        response = client_of[role].post("/admin/taggit/tag/merge-tags/", {"new_tag_name": "x"})
        assert response.status_code in (302, 404)  # the admin's own answer to an unknown object
        forged = {"action": "render_tag_form", "_selected_action": [Tag.objects.get().pk]}
        client_of[role].post(reverse("admin:taggit_tag_changelist"), forged)
    assert Tag.objects.get().name == "cycle"


def test_renaming_a_tag_saves_every_term_that_carries_it(term: Term, client_of: dict[str, Client]) -> None:
    tag = Tag.objects.get()
    url = reverse("admin:taggit_tag_change", args=[tag.pk])
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    tag.refresh_from_db()
    assert (tag.name, tag.slug) == ("menstrual cycle", "menstrual-cycle")
    revision = term.revisions.latest("number")
    assert revision.document["tags"] == ["menstrual cycle"]
    assert revision.note == "Tag “cycle” renamed to “menstrual cycle”"
    assert revision.created_by_name == "Ruth Oyelaran"
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    assert term.revisions.count() == 3


def test_two_tags_cannot_be_told_apart_only_by_case(term: Term, client_of: dict[str, Client]) -> None:
    response = client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "CYCLE"})
    assert "too similar to another tag" in response.content.decode()
    client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "Ovary"})
    assert set(Tag.objects.values_list("name", flat=True)) == {"cycle", "Ovary"}


def test_rows_of_a_term_have_no_address_and_take_no_permission_of_their_own(
    term: Term, client_of: dict[str, Client]
) -> None:
    data = with_row(fields_of(client_of["editor"].get(change_url(term))), "synonyms", text="LP", kind="abbreviation")
    assert client_of["reviewer"].post(change_url(term), data).status_code == 403
    assert client_of["editor"].post(change_url(term), data).status_code == 302
    assert term.synonyms.get().text == "LP"


def test_the_front_page_shows_what_people_work_with(client_of: dict[str, Client]) -> None:
    page = client_of["editor"].get(reverse("admin:index"))
    sections = {app["name"]: [model["name"] for model in app["models"]] for app in page.context["app_list"]}
    assert sections == {"Glossary": ["Missing terms", "Terms", "Tags", "Events"]}
