from django.db import models
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from taggit.models import TaggedItemBase
from wagtail.fields import RichTextField
from wagtail.models import Orderable, Page


class GlossaryPage(Page):
    """The A–Z, parent of all terms."""


class TermTag(TaggedItemBase):
    content_object = ParentalKey("TermPage", related_name="tagged_items", on_delete=models.CASCADE)


class TermPage(Page):
    definition = RichTextField()
    origin = RichTextField(blank=True)
    mechanism = RichTextField(blank=True)
    related = ParentalManyToManyField("self", symmetrical=False, blank=True)
    tags = ClusterTaggableManager(through=TermTag, blank=True)

    def get_context(self, request, *args, **kwargs):
        siblings = TermPage.objects.sibling_of(self, inclusive=False).live().order_by("title")
        return super().get_context(request, *args, **kwargs) | {
            "previous": siblings.filter(title__lt=self.title).last(),
            "next": siblings.filter(title__gt=self.title).first(),
        }


class Synonym(Orderable):
    page = ParentalKey(TermPage, related_name="synonyms", on_delete=models.CASCADE)
    text = models.CharField(max_length=200)
    kind = models.CharField(max_length=12)


class Insight(Orderable):
    page = ParentalKey(TermPage, related_name="insights", on_delete=models.CASCADE)
    text = models.TextField()
    target = models.ForeignKey("wagtailcore.Page", null=True, on_delete=models.SET_NULL, related_name="+")


class Reference(Orderable):
    page = ParentalKey(TermPage, related_name="references", on_delete=models.CASCADE)
    citation = models.TextField()
    doi = models.CharField(max_length=200, blank=True)
    pmid = models.CharField(max_length=20, blank=True)
