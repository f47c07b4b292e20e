"""Pages of runs, below /runs/."""

from __future__ import annotations

from django.urls import path

from textmanager.runs import approval_views, changing_views, export_views, views

KINDS = ("csv", "xlsx")

app_name = "runs"
urlpatterns = [
    path("campaign/<int:campaign_id>/", views.run_list, name="list"),
    path("find/", views.find_person, name="find"),
    path("<uuid:run_id>/", views.run_detail, name="detail"),
    path("<uuid:run_id>/progress/", views.run_progress, name="progress"),
    path("<uuid:run_id>/messages/", views.run_messages, name="messages"),
    path("<uuid:run_id>/approve/", approval_views.approve, name="approve"),
    path("<uuid:run_id>/messages/<int:message_number>/", views.message_detail, name="message"),
    path("<uuid:run_id>/pause/", changing_views.pause, name="pause"),
    path("<uuid:run_id>/resume/", changing_views.resume, name="resume"),
    path("<uuid:run_id>/cancel/", changing_views.cancel, name="cancel"),
    path("<uuid:run_id>/try-again/", changing_views.try_again, name="try-again"),
    path("<uuid:run_id>/write-again/", changing_views.write_again, name="write-again"),
    path("<uuid:run_id>/report/", changing_views.report, name="report"),
    path("<uuid:run_id>/report/mail/", changing_views.mail_report_again, name="report-mail"),
    path("<uuid:run_id>/report/<int:mail_id>/", changing_views.report_frame, name="report-frame"),
    *(
        path(
            f"<uuid:run_id>/messages.{kind}",
            export_views.messages,
            {"kind": kind},
            name=f"export-{kind}",
        )
        for kind in KINDS
    ),
    *(
        path(
            f"<uuid:run_id>/bad-numbers.{kind}",
            export_views.numbers_to_correct,
            {"kind": kind},
            name=f"bad-numbers-{kind}",
        )
        for kind in KINDS
    ),
]
