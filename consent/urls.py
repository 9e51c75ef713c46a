from django.urls import URLPattern, URLResolver, include, path, register_converter

from consent.choice import views
from consent.ledger import views as ledger_views
from consent.notice import views as notice_views
from consent.receipts import views as receipt_views
from consent.services import report_views
from consent.services import views as service_views
from publicpages import public_page


class Sha256Converter:
    """A hash as it is written in an address."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

# A notice is on every page, so publishing one makes every stored page stale, without a key.
preferences = public_page(views.preferences, reads_query=True, translated=True)
receipt = public_page(receipt_views.receipt, reads_query=True, translated=True)
notice_list = public_page(notice_views.notice_list, stored_under=(), translated=True)
notice = public_page(notice_views.notice, stored_under=(), translated=True)

app_name = "consent"
urlpatterns: list[URLPattern | URLResolver] = [
    path("cookies/", preferences, name="preferences"),
    path("cookies/<slug:language>/", public_page(views.preferences, reads_query=True), name="preferences_in"),
    path("consent/", views.choose, name="choose"),
    # By itself, so that what is put before a page's own part of the address stands behind /consent/: the receipt's
    # cookie is sent there alone.
    path("consent/", include([path("receipt/", receipt, name="receipt")])),
    path("consent/carry-over/", views.carry_over, name="carry_over"),
    path("consent/reports/", report_views.reports, name="reports"),
    path("consent/notices/", notice_list, name="notice_list"),
    path("consent/notices/<sha256:sha256>/", notice, name="notice"),
    path(
        "consent/notices/<sha256:sha256>.json",
        public_page(notice_views.notice_document, stored_under=()),
        name="notice_document",
    ),
    path("consent/services/<sha256:sha256>.js", service_views.start_code, name="start_code"),
    path("consent/heads/", public_page(ledger_views.heads, reads_query=True), name="heads"),
    path("consent/heads/<int:old>/<int:new>/", ledger_views.consistency, name="consistency"),
]
