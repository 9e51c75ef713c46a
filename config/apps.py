from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core.checks import Tags, register

from accounts.admin_host import check_admin_host


class ConfigConfig(AppConfig):
    """Settings, addresses, languages and error pages, which connect the parts of the site."""

    name = "config"
    default = True

    def ready(self) -> None:
        register(check_admin_host, Tags.security, deploy=True)


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin with the project's own site object."""

    default = False
    default_site = "config.admin.AdminSite"


class TagsConfig(AppConfig):
    """django-taggit, with a name that editors know."""

    name = "taggit"
    default = False
    verbose_name = "Tags"
    default_auto_field = "django.db.models.AutoField"
