"""Pages of campaigns, below /campaigns/, and their calendar."""

from __future__ import annotations

from django.urls import include, path

from textmanager.campaigns import (
    calendar_views,
    draft_views,
    form_views,
    iqa_views,
    message_views,
    summary_views,
    views,
)

app_name = "campaigns"
pages = [
    path("", views.campaign_list, name="list"),
    path("new/", form_views.new, name="new"),
    path("columns/", iqa_views.columns, name="columns"),
    path("iqa-picker/", iqa_views.picker, name="iqa-picker"),
    path("message/", message_views.message, name="message"),
    path("test-text/", message_views.send_test, name="test-text"),
    path("test-text/<uuid:text_id>/", message_views.test_text_status, name="test-text-status"),
    path("schedule/", summary_views.schedule, name="schedule"),
    path("summary/", summary_views.summary, name="summary"),
    path("confirmation/", summary_views.confirmation_figures, name="confirmation"),
    path("counts/<int:count_id>/<str:reason>/", summary_views.left_out, name="left-out"),
    path("autosave/", draft_views.autosave, name="autosave"),
    path("<int:campaign_id>/discard/", draft_views.discard, name="discard"),
    path("<int:campaign_id>/edit/", form_views.edit, name="edit"),
    path("<int:campaign_id>/delete/", views.delete, name="delete"),
    path("<int:campaign_id>/duplicate/", views.duplicate, name="duplicate"),
    path("<int:campaign_id>/archive/", views.archive, name="archive"),
    path("<int:campaign_id>/unarchive/", views.unarchive, name="unarchive"),
    path("<int:campaign_id>/unschedule/", views.unschedule, name="unschedule"),
    path("<int:campaign_id>/reschedule/", views.reschedule, name="reschedule"),
    path("<int:campaign_id>/pause/", views.pause, name="pause"),
    path("<int:campaign_id>/resume/", views.resume, name="resume"),
    path("<int:campaign_id>/skip/", views.skip, name="skip"),
    path("<int:campaign_id>/undo-skip/", views.take_back_skip, name="undo-skip"),
    path("<int:campaign_id>/run-now/", views.run_campaign_now, name="run-now"),
    path(
        "<int:campaign_id>/run-now/figures/", summary_views.run_now_figures, name="run-now-figures"
    ),
]
urlpatterns = [
    path("campaigns/", include(pages)),
    path("calendar/", calendar_views.calendar_page, name="calendar"),
]
