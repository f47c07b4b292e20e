"""The settings of one organization."""

from __future__ import annotations

from django.urls import path

from textmanager.organizations import settings_views as views
from textmanager.organizations import twilio_views

app_name = "settings"
urlpatterns = [
    path("", views.index, name="index"),
    path("organization/", views.organization, name="organization"),
    path("imis/", views.imis, name="imis"),
    path("twilio/", twilio_views.twilio, name="twilio"),
    path("twilio/senders/", twilio_views.account_senders, name="account-senders"),
    path("twilio/senders/add/", twilio_views.add_sender, name="add-sender"),
    path("twilio/senders/receive/", twilio_views.receive, name="receive"),
    path("twilio/senders/<int:sender_id>/", twilio_views.sender, name="sender"),
    path("check/", views.check, name="check"),
    path("check/findings/", views.findings, name="findings"),
]
