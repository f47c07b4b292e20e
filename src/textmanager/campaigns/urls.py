"""Pages of campaigns, below /campaigns/."""

from __future__ import annotations

from django.urls import path

from textmanager.campaigns import form_views, views

app_name = "campaigns"
urlpatterns = [
    path("", views.campaign_list, name="list"),
    path("new/", form_views.new, name="new"),
    path("columns/", form_views.columns, name="columns"),
    path("summary/", form_views.summary, name="summary"),
    path("<int:campaign_id>/edit/", form_views.edit, name="edit"),
    path("<int:campaign_id>/delete/", views.delete, name="delete"),
    path("<int:campaign_id>/pause/", views.pause, name="pause"),
    path("<int:campaign_id>/resume/", views.resume, name="resume"),
    path("<int:campaign_id>/run-now/", views.run_campaign_now, name="run-now"),
    path("<int:campaign_id>/run-now/figures/", views.run_now_figures, name="run-now-figures"),
]
