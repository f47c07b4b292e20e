"""Webhooks that Twilio calls, below /hooks/twilio/<Cloud ID>/."""

from __future__ import annotations

from django.urls import path

from textmanager.replies import views

app_name = "hooks"
urlpatterns = [
    path("status", views.status_callback, name="status"),
    path("inbound", views.inbound, name="inbound"),
]
