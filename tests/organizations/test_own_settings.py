"""What an organization decides for itself: said before it is saved, kept, and told afterwards."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

import world
from textmanager.organizations.effects import effects, is_wider_than_the_law
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.organizations.organization_forms import SafetyForm
from textmanager.schedule.quiet_hours import TextingHours

pytestmark = pytest.mark.django_db

ORGANIZATION = {
    "name": "Sample Association",
    "time_zone": "America/Chicago",
    "region": "CA",
    "daily_allowance": "5000",
    "texting_opens": "09:00",
    "texting_closes": "20:00",
    "date_format": "%B %-d",
    "time_format": "%H:%M",
    "amount_format": "comma_cents",
}
SAFETY = {
    "unusual_times": "4",
    "unusual_least": "20",
    "hold_failure_percent": "0",
    "hold_failure_least": "50",
    "hold_until_opt_outs_read": "on",
    "approve_above": "1000",
}
PAGES = ("", *(f"{page}/" for page in ("organization", "safety", "mail", "appearance", "people")))


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def post(desk: Client, page: str, form: dict[str, str]) -> str:
    return desk.post(f"/settings/{page}/", form, follow=True).content.decode()


def test_the_organization_is_changed_and_who_did_it_is_kept(
    desk: Client, organization: Organization
) -> None:
    shown = post(desk, "organization", ORGANIZATION)
    organization.refresh_from_db()
    assert (organization.time_zone, organization.region) == ("America/Chicago", "CA")
    assert organization.texting_hours == TextingHours(dt.time(9), dt.time(20))
    assert organization.formats.show(dt.time(16, 5)) == "16:05"
    event = AuditEvent.objects.get()
    assert event.before["time_zone"] == "America/New_York"
    assert event.after["daily_allowance"] == 5000
    assert "At most 5,000 segments leave a day" in shown
    assert "Texts leave between 9:00 AM and 8:00 PM by the recipient" in shown


def test_what_makes_no_sense_is_told_at_its_field_and_stays_typed(
    desk: Client, organization: Organization
) -> None:
    shown = post(desk, "organization", {**ORGANIZATION, "daily_allowance": "many"})
    assert 'value="many"' in shown
    assert 'class="error"' in shown
    assert ">June 30, 2026</option>" in shown
    organization.refresh_from_db()
    assert organization.time_zone == "America/New_York"
    assert not AuditEvent.objects.exists()


def test_an_unchanged_form_changes_and_records_nothing(desk: Client) -> None:
    post(desk, "safety", SAFETY)
    assert "Nothing was changed" in post(desk, "safety", SAFETY)
    assert AuditEvent.objects.count() == 1


def test_hours_wider_than_the_law_have_to_be_meant(
    desk: Client, organization: Organization
) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    wide = {**ORGANIZATION, "texting_opens": "07:30"}
    assert "Tick this box if you mean it" in post(desk, "organization", wide)
    organization.refresh_from_db()
    assert organization.texting_opens == dt.time(8)
    shown = post(desk, "organization", {**wide, "wider_hours": "on"})
    assert "wider than the 8 AM to 9 PM of the law" in shown
    organization.refresh_from_db()
    assert organization.texting_opens == dt.time(7, 30)
    # They stay so, and other changes need no tick.
    post(desk, "organization", {**wide, "name": "Another"})
    organization.refresh_from_db()
    assert organization.name == "Another"


@pytest.mark.parametrize(
    ("opens", "closes", "is_wide"),
    [(8, 21, False), (9, 20, False), (7, 21, True), (8, 22, True), (8, 8, True), (20, 9, True)],
)
def test_the_law_is_eight_to_nine(*, opens: int, closes: int, is_wide: bool) -> None:
    assert is_wider_than_the_law(TextingHours(dt.time(opens), dt.time(closes))) is is_wide


def test_a_minute_beyond_the_law_is_beyond_it() -> None:
    assert is_wider_than_the_law(TextingHours(dt.time(7, 59), dt.time(21)))
    assert is_wider_than_the_law(TextingHours(dt.time(9), dt.time(21, 1)))


def test_what_a_change_does_is_said_while_it_is_typed_and_not_kept(
    desk: Client, organization: Organization
) -> None:
    told = desk.get("/settings/organization/effects/", ORGANIZATION).content.decode()
    assert "Texts leave between 9:00 AM and 8:00 PM" in told
    assert "a campaign keeps the time zone" in told
    organization.refresh_from_db()
    assert organization.daily_allowance == 10_000
    told = desk.get("/settings/safety/effects/", SAFETY).content.decode()
    assert "LIVE run of more than 1,000 texts waits" in told
    assert "No run pauses itself" in told


def test_every_valve_has_words_for_what_it_does(organization: Organization) -> None:
    for name in SafetyForm._meta.fields or ():
        assert effects(organization, {name: 7}), name


def test_the_valves_are_kept(desk: Client, organization: Organization) -> None:
    post(desk, "safety", SAFETY)
    organization.refresh_from_db()
    assert (organization.unusual_times, organization.unusual_least) == (4, 20)
    assert organization.approve_above == 1000
    post(desk, "safety", {**SAFETY, "approve_above": ""})
    organization.refresh_from_db()
    assert organization.approve_above is None
    assert "Enter 2 or more." in post(desk, "safety", {**SAFETY, "unusual_times": "1"})


def test_a_second_person_who_is_alone_is_warned_of(
    desk: Client, organization: Organization
) -> None:
    assert "Only one person may approve" in desk.get("/settings/safety/").content.decode()
    post(desk, "safety", SAFETY)
    assert "Only one person may approve" in desk.get("/settings/").content.decode()
    world.person("dora", organization, world.Role.APPROVER)
    page = desk.get("/settings/safety/").content.decode()
    assert "2 people may approve: alice, dora." in page
    assert "Only one person" not in page


@pytest.mark.parametrize("page", [*PAGES, "trail/"])
def test_a_page_asks_few_questions_however_many_people_there_are(
    desk: Client, organization: Organization, page: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        world.person(f"person{number}", organization, world.Role.APPROVER)
    desk.get("/settings/")
    with django_assert_max_num_queries(12):
        assert desk.get(f"/settings/{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_each_page_leads_to_every_other(desk: Client, page: str) -> None:
    shown = desk.get(f"/settings/{page}").content.decode()
    for other in PAGES:
        assert f'href="/settings/{other}"' in shown
    assert f'href="/settings/{page}" aria-current="page"' in shown


@pytest.mark.parametrize("page", ["organization", "safety", "mail", "appearance"])
def test_what_is_asked_while_typing_puts_no_token_into_an_address(desk: Client, page: str) -> None:
    shown = desk.get(f"/settings/{page}/").content.decode()
    (form,) = re.findall(r"<form[^>]*hx-get[^>]*>", shown)
    assert 'hx-params="not csrfmiddlewaretoken"' in form
