"""The home page, the set-up check's findings, the pages of help; names stand for themselves."""

from __future__ import annotations

from django.urls import path

from textmanager.dashboard import views

urlpatterns = [
    path("", views.home, name="home"),
    path("under-way/", views.under_way, name="under-way"),
    path("first-visit/hide/", views.hide_first_visit, name="hide-first-visit"),
    path("settings/check/findings/", views.findings, name="findings"),
    path("help/", views.help_page, name="help"),
    path("whats-new/", views.whats_new, name="whats-new"),
]
