"""WSGI entry point of the production server: the page store, then the limit of requests, then Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

# These imports need the apps, which the line above has loaded.
from pagestore.application import with_page_store  # noqa: E402
from server.admission import limit_admission, take_turns_quickly  # noqa: E402
from server.timeouts import limit_waiting  # noqa: E402

limit_waiting()
take_turns_quickly()
application = with_page_store(limit_admission(_django))
