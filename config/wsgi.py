"""WSGI entry point of the production server: finished pages first, then Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

# Needs the apps to be loaded, which the line above has done.
from config.pages import in_front_of  # noqa: E402

application = in_front_of(_django)
