from django.apps import AppConfig
from django.contrib.admin import apps as admin


class CoreConfig(AppConfig):
    name = "oluko.core"
    default = True


class AdminSiteConfig(admin.AdminConfig):
    """Django's admin, with a site of our own in place of its default one."""

    default = False
    default_site = "oluko.core.admin.OperatorSite"
