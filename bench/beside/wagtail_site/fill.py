"""Makes the database of the Wagtail site and its pages, from the same term documents as ours."""

import os

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (settings first)
from django.utils import timezone  # noqa: E402  (settings first)
from wagtail.models import Page, Site  # noqa: E402  (settings first)

from bench.beside.wagtail_site.models import GlossaryPage, Insight, Reference, Synonym, TermPage  # noqa: E402  (settings first)
from bench.terms import documents  # noqa: E402  (settings first)


def main() -> None:
    call_command("migrate", verbosity=0)
    root = Page.objects.get(depth=1)
    glossary = root.add_child(instance=GlossaryPage(title="Glossary", slug="glossary"))
    Site.objects.all().delete()
    Site.objects.create(hostname="127.0.0.1", root_page=glossary, is_default_site=True)
    made = list(documents(int(os.environ["BENCH_PAGES"])))
    pages = {}
    for document in made:
        page = TermPage(
            **{name: document[name] for name in ("title", "slug", "definition", "origin", "mechanism")},
            first_published_at=timezone.now(),
            last_published_at=timezone.now(),
        )
        pages[document["slug"]] = glossary.add_child(instance=page)
    known = list(pages)
    for document in made:
        page = pages[document["slug"]]
        # There are fewer pages here than terms there: what isn't here is led to the next best.
        near = {slug: pages.get(slug, pages[known[sum(slug.encode()) % len(known)]]) for slug in wanted(document)}
        page.synonyms = [Synonym(**synonym) for synonym in document["synonyms"]]
        page.insights = [Insight(text=item["text"], target=near[item["term"]]) for item in document["insights"]]
        page.references = [
            Reference(**{name: reference[name] for name in ("citation", "doi", "pmid")})
            for reference in document["references"]
        ]
        page.related = [near[slug] for slug in document["related"]]
        page.tags.add(*document["tags"])
        page.save()


def wanted(document: dict) -> set[str]:
    return {*document["related"], *(item["term"] for item in document["insights"])}


if __name__ == "__main__":
    main()
