"""WSGI entry point of the production server: finished pages first, then as many requests as Django can take."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

# Need the apps to be loaded, which the line above has done.
from pagestore.application import with_page_store  # noqa: E402
from server.admission import in_front_of_django  # noqa: E402
from server.timeouts import bound_waiting  # noqa: E402

bound_waiting()
application = with_page_store(in_front_of_django(_django))
