"""Every address of the web process."""

from __future__ import annotations

from django.urls import include, path

from textmanager.config.health import health
from textmanager.organizations import organization_views, password_views, people_views
from textmanager.organizations import views as organizations

urlpatterns = [
    path("", include("textmanager.dashboard.urls")),
    path("health", health, name="health"),
    path("sign-in/", organizations.sign_in_page, name="sign-in"),
    path("sign-out/", organizations.sign_out, name="sign-out"),
    path("organization/", organizations.choose_organization, name="choose-organization"),
    path("", include("textmanager.campaigns.urls")),
    path("appearance.css", organization_views.appearance_stylesheet, name="appearance"),
    path("invitation/<str:token>/", people_views.accept, name="accept-invitation"),
    path("password/", password_views.forgot, name="forgot-password"),
    path("password/<str:key>/<str:token>/", password_views.new_password, name="new-password"),
    path("runs/", include("textmanager.runs.urls")),
    path("", include("textmanager.replies.urls")),
    path("settings/", include("textmanager.organizations.settings_urls")),
]
