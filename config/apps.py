from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ConfigConfig(AppConfig):
    """What joins the two apps: settings, security headers, page store, and the commands of the site as a whole."""

    name = "config"
    default = True


class AdminConfig(admin_apps.AdminConfig):
    """The stock admin under the project's own site object."""

    default = False
    default_site = "config.admin.AdminSite"
