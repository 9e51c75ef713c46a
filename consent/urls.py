from django.urls import URLPattern, URLResolver, include, path, register_converter

from consent.choice import views
from consent.ledger import views as ledger_views
from consent.notice import views as notice_views
from consent.receipts import views as receipt_views
from consent.services import report_views
from consent.services import views as service_views


class Sha256Converter:
    """A hash as it is written in an address."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

app_name = "consent"
urlpatterns: list[URLPattern | URLResolver] = [
    path("cookies/", views.preferences, name="preferences"),
    path("cookies/<slug:language>/", views.preferences, name="preferences_in"),
    path("consent/", views.choose, name="choose"),
    # By itself, so that what is put before a page's own part of the address stands behind /consent/: the receipt's
    # cookie is sent there alone.
    path("consent/", include([path("receipt/", receipt_views.receipt, name="receipt")])),
    path("consent/carry-over/", views.carry_over, name="carry_over"),
    path("consent/reports/", report_views.reports, name="reports"),
    path("consent/notices/", notice_views.notice_list, name="notice_list"),
    path("consent/notices/<sha256:sha256>/", notice_views.notice, name="notice"),
    path("consent/notices/<sha256:sha256>.json", notice_views.notice_document, name="notice_document"),
    path("consent/services/<sha256:sha256>.js", service_views.start_code, name="start_code"),
    path("consent/heads/", ledger_views.heads, name="heads"),
    path("consent/heads/<int:old>/<int:new>/", ledger_views.consistency, name="consistency"),
]
