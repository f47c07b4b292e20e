"""The inbox while somebody looks at it: what is new appears, and what is not costs nothing."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

import world
from textmanager.gateway.inbound import InboundMessage
from textmanager.organizations.models import Organization, Sender, User
from textmanager.replies import inbox
from textmanager.replies.inbound import record_inbound
from textmanager.replies.models import Conversation, InboundText, OptOutSource
from textmanager.replies.notices import mail_new_replies
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.models import Run
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db

MEMBER = "+12025550143"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def write(of: Organization, body: str, sid: str = "SM1", number: str = MEMBER) -> Conversation:
    message = InboundMessage(sid, number, "555010", body, "", "", {})
    record_inbound(organization_id=of.pk, message=message)
    return Conversation.objects.get(number=number)


def address_in(page: str, attribute: str, beginning: str) -> str:
    found = re.search(rf'{attribute}="({re.escape(beginning)}[^"]*)"', page)
    assert found, f"{attribute} with {beginning} is not on the page"
    return found.group(1).replace("&amp;", "&")


def test_the_list_is_sent_when_it_changes_and_only_then(
    desk: Client, organization: Organization
) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        write(organization, "Hello")
        poll = address_in(desk.get("/replies/").text, "hx-get", "/replies/?")
        assert desk.get(poll, headers=HTMX).status_code == 204
        write(organization, "Are you there?", sid="SM2")
        changed = desk.get(poll, headers=HTMX)
        assert changed.status_code == 200
        assert "Are you there?" in changed.text
        assert "<html" not in changed.text
        assert desk.get(address_in(changed.text, "hx-get", "/replies/?"), headers=HTMX).status_code
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5), tick=False):
        told_anew = desk.get(address_in(changed.text, "hx-get", "/replies/?"), headers=HTMX)
        assert "5 minutes ago" in told_anew.text


def test_the_navigation_counts_along(desk: Client, organization: Organization) -> None:
    poll = address_in(desk.get("/campaigns/").text, "hx-get", "/replies/unread/")
    assert desk.get(poll).status_code == 204
    write(organization, "Hello")
    told = desk.get(poll).text
    assert re.search(r">1<span[^>]*> unread", told)
    assert desk.get(address_in(told, "hx-get", "/replies/unread/")).status_code == 204


def test_a_text_that_comes_while_the_thread_is_open_appears_and_is_read(
    desk: Client, organization: Organization
) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        conversation = write(organization, "Hello")
        page = desk.get(f"/replies/{conversation.pk}/").text
        poll = address_in(page, "hx-get", f"/replies/{conversation.pk}/thread/")
        assert desk.get(poll, headers=HTMX).status_code == 204
        write(organization, "One more thing", sid="SM2")
        changed = desk.get(poll, headers=HTMX).text
    assert "One more thing" in changed
    assert "A new text: One more thing" in changed
    assert Conversation.objects.get().unread == 0


def test_a_viewer_who_looks_on_leaves_it_unread(
    organization: Organization, bob: User, client: Client
) -> None:
    conversation = write(organization, "Hello")
    client.force_login(bob)
    assert client.get(f"/replies/{conversation.pk}/thread/").status_code == 200
    assert Conversation.objects.get().unread == 1


def test_older_pages_have_every_conversation_once(desk: Client, organization: Organization) -> None:
    numbers = [f"+120255501{last:02}" for last in range(inbox.A_PAGE + 5)]
    for place, number in enumerate(numbers):
        write(organization, "Hello", sid=f"SM{place}", number=number)
    first = desk.get("/replies/").text
    older = desk.get(f"/replies/{address_in(first, 'href', '?which=open')}").text
    found = [re.findall(r">(\+\d{11})</a>", page) for page in (first, older)]
    assert [len(numbers) for numbers in found] == [inbox.A_PAGE, 5]
    assert sorted(found[0] + found[1]) == numbers
    assert "every 10s" in first
    assert "every 10s" not in older, "An older page does not move under its reader."


def test_what_is_nobodys_is_found(desk: Client, alice: User, organization: Organization) -> None:
    conversation = write(organization, "Hello")
    assert MEMBER in desk.get("/replies/?which=nobody").text
    desk.post(f"/replies/{conversation.pk}/assign/", {"to": alice.pk})
    assert MEMBER not in desk.get("/replies/?which=nobody").text
    assert MEMBER in desk.get("/replies/?which=mine").text


def test_several_members_of_one_number_are_all_named(run: Run, desk: Client) -> None:
    world.message(run, 1, to=MEMBER, imis_id="10042", status=MessageStatus.DELIVERED)
    later = world.run(run.campaign, scheduled_for=run.scheduled_for + dt.timedelta(days=1))
    world.message(later, 1, to=MEMBER, imis_id="10043", status=MessageStatus.DELIVERED)
    conversation = write(run.organization, "Who of us?")
    assert "iMIS ID 10043, also 10042" in desk.get(f"/replies/{conversation.pk}/").text


def test_what_stands_against_an_answer_is_told_before_it_is_written(
    desk: Client, sender: Sender
) -> None:
    conversation = write(sender.organization, "Hello")
    noon = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(9))
    with time_machine.travel(noon, tick=False):
        desk.force_login(User.objects.get(username="alice"))
        assert "outside of texting hours" in desk.get(f"/replies/{conversation.pk}/").text
    desk.force_login(User.objects.get(username="alice"))
    Organization.objects.update(texting_opens=dt.time(0), texting_closes=dt.time(0))
    assert "texting hours" not in desk.get(f"/replies/{conversation.pk}/").text
    record_opt_out(
        organization_id=sender.organization_id,
        number=MEMBER,
        source=OptOutSource.STAFF,
    )
    assert (
        "must not be texted until they write START" in desk.get(f"/replies/{conversation.pk}/").text
    )


@pytest.mark.parametrize(
    "page", ["/replies/", "/replies/{}/", "/opt-outs/", f"/opt-outs/{MEMBER}/"]
)
def test_a_page_asks_few_questions_however_much_was_said(
    desk: Client, run: Run, page: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 30):
        conversation = write(run.organization, "STOP" if number == 1 else "Hello", f"SM{number}")
    world.message(run, 1, to=MEMBER, status=MessageStatus.DELIVERED)
    desk.get("/replies/")
    with django_assert_max_num_queries(11):
        assert desk.get(page.format(conversation.pk)).status_code == 200


def test_old_replies_are_no_news_to_who_is_entered_today(organization: Organization) -> None:
    write(organization, "Hello")
    InboundText.objects.update(received_at=timezone.now() - dt.timedelta(days=8))
    write(organization, "Hello again", sid="SM2")
    Organization.objects.update(reply_emails=["office@example.org"])
    assert mail_new_replies(organization.pk) == 1
    assert "Hello again" in mail.outbox[0].body
    assert "1 more" not in mail.outbox[0].body
