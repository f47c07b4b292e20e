"""Pages of the inbox and of the opt-out register."""

from __future__ import annotations

from django.urls import path

from textmanager.replies import register_views, views

app_name = "replies"
urlpatterns = [
    path("replies/", views.inbox, name="inbox"),
    path("replies/unread/", views.unread, name="unread"),
    path("replies/<int:conversation_id>/", views.conversation, name="conversation"),
    path("replies/<int:conversation_id>/thread/", views.thread, name="thread"),
    path("replies/<int:conversation_id>/answer/", views.answer, name="answer"),
    path("replies/<int:conversation_id>/close/", views.close, name="close"),
    path("replies/<int:conversation_id>/reopen/", views.reopen, name="reopen"),
    path("replies/<int:conversation_id>/assignees/", views.assignees, name="assignees"),
    path("replies/<int:conversation_id>/assign/", views.assign, name="assign"),
    path("replies/<int:conversation_id>/wish/", views.wish, name="wish"),
    path("opt-outs/", register_views.register, name="register"),
    path("opt-outs/add/", register_views.add, name="add"),
    path("opt-outs/read-imis/", register_views.read_imis, name="read-imis"),
    path("opt-outs/import/", register_views.import_file, name="import"),
    path("opt-outs/imports/<int:import_id>/", register_views.outcome, name="import-outcome"),
    path(
        "opt-outs/imports/<int:import_id>/progress/",
        register_views.progress,
        name="import-progress",
    ),
    path("opt-outs/imports/<int:import_id>/stop/", register_views.stop_import, name="import-stop"),
    path("opt-outs/export.csv", register_views.export, name="export"),
    path("opt-outs/<str:number>/", register_views.history, name="history"),
    path("opt-outs/<str:number>/write-again/", register_views.write_again, name="write-again"),
    path("opt-outs/<str:number>/remove/", register_views.remove, name="remove"),
]
