"""The settings of one organization."""

from __future__ import annotations

from django.urls import path

from textmanager.organizations import activity_type_views
from textmanager.organizations import settings_views as views

app_name = "settings"
urlpatterns = [
    path("", views.index, name="index"),
    path("organization/", views.organization, name="organization"),
    path("imis/", views.imis, name="imis"),
    path("imis/look/", views.look_at_imis, name="look-at-imis"),
    path("activity-types/", activity_type_views.activity_types, name="activity-types"),
    path("activity-types/found/", activity_type_views.found, name="activity-types-found"),
    path("activity-types/create/", activity_type_views.create, name="create-activity-types"),
    path("twilio/", views.twilio, name="twilio"),
    path("twilio/senders/", views.account_senders, name="account-senders"),
    path("twilio/senders/add/", views.add_sender, name="add-sender"),
    path("twilio/senders/receive/", views.receive, name="receive"),
    path("twilio/senders/<int:sender_id>/", views.sender, name="sender"),
    path("check/", views.check, name="check"),
    path("check/findings/", views.findings, name="findings"),
]
