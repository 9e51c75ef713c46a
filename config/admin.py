from django.contrib import admin


class AdminSite(admin.AdminSite):
    """The stock admin with the project's names in its header."""

    site_header = "Clinical Glossary"
    site_title = "Clinical Glossary"
    index_title = "Editing desk"
