"""Pages of runs, below /runs/."""

from __future__ import annotations

from django.urls import path

from textmanager.runs import approval_views, views

app_name = "runs"
urlpatterns = [
    path("campaign/<int:campaign_id>/", views.run_list, name="list"),
    path("<uuid:run_id>/", views.run_detail, name="detail"),
    path("<uuid:run_id>/progress/", views.run_progress, name="progress"),
    path("<uuid:run_id>/messages/", views.run_messages, name="messages"),
    path("<uuid:run_id>/pause/", views.pause, name="pause"),
    path("<uuid:run_id>/resume/", views.resume, name="resume"),
    path("<uuid:run_id>/approve/", approval_views.approve, name="approve"),
    path("<uuid:run_id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:run_id>/write-again/", views.write_again, name="write-again"),
]
