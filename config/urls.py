from django.contrib import admin
from django.urls import include, path

import consent.urls
import glossary.urls
from config import views
from config.languages import in_each_language
from server import probes

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler500 = views.server_error

urlpatterns = [
    path("admin/", admin.site.urls),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("", include((in_each_language(glossary.urls.urlpatterns), "glossary"))),
    path("", include((in_each_language(consent.urls.urlpatterns), "consent"))),
]
