"""Migrations are permanent: they need no code that may change, and databases of before go on from where they are."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from consent.migrations.frozen import first_notice
from consent.models import Notice
from consent.notice import notices
from tests.folders import ROOT

#: What the apps' migrations were called before they became fewer, in their order.
_NAMES = {
    "glossary": """
        0001_initial 0002_append_only 0003_groups 0004_review 0005_four_eyes 0006_retired_by_name 0007_letters
        0008_presence 0008_retractions 0009_roles 0010_retractions_checked 0011_lists 0012_lists_counted
        0013_linked_names 0014_topics_and_successors 0015_search 0016_edition_changes 0017_event_published
        0018_missing_terms 0019_term_in_order 0020_traces 0021_drop_search_document 0022_written_links
        0023_names_without_a_spare_index 0024_wording 0025_unlinked_names_as_read 0026_sorted_as_people_count
        0027_name_uses
    """,
    "consent": """
        0001_initial 0002_append_only 0003_first_notice 0004_groups 0005_receipt_hash 0006_ledger 0007_statistics
        0008_export_permission 0009_notice_texts 0010_services 0011_audit_runs 0012_violations 0013_site_storage
        0014_signed_in_cookie 0015_start_code_approvals 0016_start_code_writers 0017_journal 0018_check_runs
        0019_consent_cookie_name 0020_consent_endings
    """,
}
FORMER = {app: names.split() for app, names in _NAMES.items()}
#: What migrations may import beside Python's own modules, Django, and what is frozen with them.
FIELDS_OF_OTHERS = {"taggit.managers"}
#: By these they would reach the apps as they are today.
WAYS_ROUND = {"importlib", "django.apps", "django.utils.module_loading"}


def current() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the migrations of our apps, each with what it stands for."""
    found = MigrationLoader(None).disk_migrations or {}
    return {key: list(migration.replaces) for key, migration in found.items() if key[0] in FORMER}


def applied_before(**steps: Iterable[str]) -> None:
    """Have the database remember these steps of our apps, and none of today's."""
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app__in=FORMER).delete()
    for app, names in steps.items():
        for name in names:
            recorder.record_applied(app, name)


def live_imports(source: str, app: str) -> Iterator[str]:
    """Yield what a migration of an app imports though it may change."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        else:
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            root = module.partition(".")[0]
            is_others = root == "django" or root in sys.stdlib_module_names or module in FIELDS_OF_OTHERS
            if module in WAYS_ROUND or not (is_others or module.startswith(f"{app}.migrations.frozen.")):
                yield module


@pytest.mark.parametrize("app", FORMER)
def test_migrations_import_nothing_that_may_change(app: str) -> None:
    folder = ROOT / app / "migrations"
    found: dict[Path, list[str]] = {
        path.relative_to(ROOT): list(live_imports(path.read_text(), app)) for path in folder.rglob("*.py")
    }
    assert {path: modules for path, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "import glossary.models.fields",
        "from glossary.models import Term",
        "from glossary import models",
        "from ..models import Term",
        "from consent.migrations.frozen.append_only import protect",
        "from config import settings",
        "from importlib import import_module",
        "from django.apps import apps",
        "def forwards(apps, schema_editor):\n    from glossary.text import fold",
    ],
)
def test_an_import_of_what_may_change_is_found_wherever_it_is(planted: str) -> None:
    assert len(list(live_imports(f"from django.db import migrations\n{planted}\n", "glossary"))) == 1


def test_each_former_migration_is_part_of_exactly_one() -> None:
    former = sorted((app, name) for app, names in FORMER.items() for name in names)
    assert sorted(step for steps in current().values() for step in steps) == former
    assert not set(current()) & set(former)


@pytest.mark.django_db
def test_a_database_of_before_goes_on_without_a_change_of_its_schema() -> None:
    applied_before(**FORMER)
    # Steps that came later do what they do anywhere.
    for app, name in (key for key, replaced in current().items() if not replaced):
        MigrationRecorder(connection).record_applied(app, name)
    call_command("migrate", "--check")
    with CaptureQueriesContext(connection) as queries:
        call_command("migrate", verbosity=0)
    changes = [query["sql"] for query in queries if query["sql"].startswith(("CREATE", "ALTER", "DROP"))]
    assert changes == []
    assert set(current()) <= set(MigrationRecorder(connection).applied_migrations())


@pytest.mark.django_db
@pytest.mark.parametrize("app", FORMER)
@pytest.mark.parametrize("steps", [1, 14, -1])
def test_a_database_that_stopped_in_between_says_what_to_do(app: str, steps: int) -> None:
    applied_before(**FORMER | {app: FORMER[app][:steps]})
    with pytest.raises(CommandError) as refused:
        call_command("migrate", stdout=StringIO())
    assert f"{app}.{FORMER[app][-1]}" in str(refused.value)
    assert "Run migrate with the last version that had them, then with this one" in str(refused.value)


@pytest.mark.django_db
def test_the_first_notice_is_what_its_hash_says() -> None:
    first = Notice.objects.get()
    assert first.sha256 == notices.sha256(first.document)
    # Sites that exist have it under this hash.
    assert first.sha256 == "ab271994d7084e5e24cd1ba92fd4ae58583ae507617424466aa023a9ec15a6f8"
    assert notices.sha256(first_notice.USED_DOCUMENT) == first_notice.USED_SHA256
    assert all(map(notices.is_used, first_notice.USED_DOCUMENT["categories"][1:]))
