"""The settings of one organization."""

from __future__ import annotations

from django.urls import path

from textmanager.organizations import activity_type_views, twilio_views
from textmanager.organizations import organization_views as own
from textmanager.organizations import people_views as people
from textmanager.organizations import settings_views as views

app_name = "settings"
urlpatterns = [
    path("", own.index, name="index"),
    path("organization/", own.organization, name="organization"),
    path("safety/", own.safety, name="safety"),
    path("mail/", own.mail, name="mail"),
    path("mail/state/", own.mail_state, name="mail-state"),
    path("mail/test/", own.test_mail, name="test-mail"),
    path("appearance/", own.appearance_page, name="appearance"),
    *(
        path(f"{page}/effects/", own.tell_effects, {"page": page}, name=f"{page}-effects")
        for page in own.FORMS
    ),
    path("trail/", own.audit_trail, name="trail"),
    path("people/", people.page, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/staff/", people.add_staff, name="add-staff"),
    path("people/staff/role/", people.staff_role, name="staff-role"),
    path("people/<int:membership_id>/", people.change, name="change-member"),
    path("people/<int:membership_id>/remove/", people.remove, name="remove-member"),
    path("people/invitations/<int:invitation_id>/", people.withdraw, name="withdraw-invitation"),
    path("imis/", views.imis, name="imis"),
    path("imis/look/", views.look_at_imis, name="look-at-imis"),
    path("activity-types/", activity_type_views.activity_types, name="activity-types"),
    path("activity-types/found/", activity_type_views.found, name="activity-types-found"),
    path("activity-types/create/", activity_type_views.create, name="create-activity-types"),
    path("twilio/", twilio_views.twilio, name="twilio"),
    path("twilio/senders/", twilio_views.account_senders, name="account-senders"),
    path("twilio/senders/add/", twilio_views.add_sender, name="add-sender"),
    path("twilio/senders/receive/", twilio_views.receive, name="receive"),
    path("twilio/senders/<int:sender_id>/", twilio_views.sender, name="sender"),
    path("check/", views.check, name="check"),
]
