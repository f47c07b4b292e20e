"""The inbox: who wrote, as whom they are known, and what staff do with it."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

import world
from markup import Markup
from textmanager.gateway.inbound import InboundMessage
from textmanager.organizations.models import Membership, Organization, Role, Sender, User
from textmanager.replies.inbound import record_inbound
from textmanager.replies.models import Answer, Conversation, InboundText, OptOut
from textmanager.replies.notices import mail_new_replies
from textmanager.replies.opt_outs import opted_out_among
from textmanager.replies.unsent import MOST
from textmanager.runs.models import Run
from textmanager.text.keywords import Keyword
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db

MEMBER = "+12025550143"


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def write(
    organization: Organization, body: str, *, sid: str = "SM1", to: str = "555010", kind: str = ""
) -> str:
    """A text from the member; returns what is answered at once."""
    message = InboundMessage(sid, MEMBER, to, body, kind, "", {})
    return record_inbound(organization_id=organization.pk, message=message).answer


def test_a_reply_is_joined_to_the_member_who_was_texted_last(run: Run, desk: Client) -> None:
    world.message(
        run, 1, to=MEMBER, imis_id="10042", body="See you there?", status=MessageStatus.DELIVERED
    )
    write(run.organization, "Can I bring my wife?")
    page = desk.get("/replies/").content.decode()
    assert "iMIS ID 10042" in page
    assert "1 unread" in page
    conversation = Conversation.objects.get()
    thread = desk.get(f"/replies/{conversation.pk}/").content.decode()
    assert thread.index("See you there?") < thread.index("Can I bring my wife?")
    assert run.campaign_name in thread
    assert "unread" not in desk.get("/replies/").content.decode().split("<table")[1]


def test_looking_as_a_viewer_marks_nothing_as_read(
    organization: Organization, bob: User, client: Client
) -> None:
    write(organization, "Hello")
    client.force_login(bob)
    client.get(f"/replies/{Conversation.objects.get().pk}/")
    assert Conversation.objects.get().unread == 1


def test_texts_of_one_number_are_one_conversation(organization: Organization) -> None:
    for place, body in enumerate(["Hello", "Are you there?", "Thanks"]):
        write(organization, body, sid=f"SM{place}")
    conversation = Conversation.objects.get()
    assert (conversation.unread, conversation.last_words) == (3, "Thanks")
    assert conversation.inbound_texts.count() == 3


def test_a_keyword_is_kept_and_waits_for_nobody(organization: Organization) -> None:
    write(organization, "STOP")
    conversation = Conversation.objects.get()
    assert (conversation.unread, conversation.asks_to_stop) == (0, False)
    assert OptOut.objects.get().sender_address == "555010"


def test_a_new_text_opens_a_closed_conversation(organization: Organization, desk: Client) -> None:
    write(organization, "Hello")
    conversation = Conversation.objects.get()
    told = desk.post(f"/replies/{conversation.pk}/close/", follow=True).content.decode()
    assert "A text has just come in. Read it, then close" in told
    assert Conversation.objects.get().is_open
    # By now it is read.
    desk.post(f"/replies/{conversation.pk}/close/")
    assert not Conversation.objects.get().is_open
    write(organization, "One more thing", sid="SM2")
    assert Conversation.objects.get().is_open


@pytest.mark.parametrize("says_yes", [True, False])
def test_free_wording_is_proposed_and_a_person_decides(
    organization: Organization, desk: Client, *, says_yes: bool
) -> None:
    write(organization, "please take me off this list")
    assert not opted_out_among(organization.pk, [MEMBER])
    conversation = Conversation.objects.get()
    assert conversation.asks_to_stop
    page = desk.get(f"/replies/{conversation.pk}/").content.decode()
    assert "may ask for no more texts" in page
    assert MEMBER in desk.get("/replies/?which=stop").content.decode()

    answer = {"opts_out": "yes" if says_yes else "no"}
    desk.post(f"/replies/{conversation.pk}/wish/", answer)
    assert bool(opted_out_among(organization.pk, [MEMBER])) is says_yes
    assert not Conversation.objects.get().asks_to_stop
    if says_yes:
        assert OptOut.objects.get().evidence == "please take me off this list"


def test_why_a_wish_stays_undecided_is_told(organization: Organization, desk: Client) -> None:
    write(organization, "please take me off this list")
    conversation = Conversation.objects.get()
    answer = {"opts_out": "no"}
    told = desk.post(f"/replies/{conversation.pk}/wish/", answer, follow=True).content.decode()
    assert "A text has just come in. Read it, then decide." in told
    assert Conversation.objects.get().asks_to_stop


def test_a_conversation_is_assigned_to_people_of_the_organization_alone(
    organization: Organization, desk: Client, bob: User, charlie: User
) -> None:
    write(organization, "Hello")
    conversation = Conversation.objects.get()
    desk.post(f"/replies/{conversation.pk}/assign/", {"to": bob.pk})
    assert Conversation.objects.get().assigned_to == bob
    desk.post(f"/replies/{conversation.pk}/assign/", {"to": charlie.pk})
    assert Conversation.objects.get().assigned_to is None


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("assign", {"to": ""}),
        ("wish", {"opts_out": "yes"}),
        ("wish", {"opts_out": "no"}),
        ("close", {}),
        ("reopen", {}),
    ],
)
def test_what_was_typed_outlasts_whatever_else_is_done_with_the_conversation(
    organization: Organization, desk: Client, bob: User, action: str, more: dict[str, str]
) -> None:
    write(organization, "please take me off this list")
    address = f"/replies/{Conversation.objects.get().pk}/"
    desk.get(address)
    if action == "reopen":
        desk.post(f"{address}close/")
    sent_along = sent_with(f"{address}{action}/", desk, address)
    assert "body" in sent_along, "The answer is sent with this button."
    desk.post(f"{address}{action}/", {"body": "We are sorry to", **more})
    assert ">We are sorry to</textarea>" in desk.get(address).content.decode()

    colleague = Client()
    Membership.objects.filter(user=bob).update(role=Role.AUTHOR)
    colleague.force_login(bob)
    assert "We are sorry" not in colleague.get(address).content.decode()

    desk.post(f"{address}{action}/", {"body": "", **more})
    assert "We are sorry" not in desk.get(address).content.decode()


def sent_with(action: str, desk: Client, address: str) -> set[str]:
    """The names of the fields in the form that the button of this action sends."""
    html = desk.get(address).content.decode()
    page = Markup()
    page.feed(html + desk.get(f"{address}assignees/").content.decode())
    (form,) = {
        each.attributes.get("form", "")
        for each in page.elements
        if each.attributes.get("formaction") == action
    }
    found = re.search(rf'<form id="{form}".*?</form>', html, re.DOTALL)
    return set(re.findall(r' name="(\w+)"', found[0])) if found else set()


def test_an_answer_that_went_is_not_there_to_be_sent_again(
    organization: Organization, sender: Sender, desk: Client
) -> None:
    write(organization, "Hello")
    address = f"/replies/{Conversation.objects.get().pk}/"
    desk.post(f"{address}assign/", {"to": "", "body": "Hello back"})
    desk.post(f"{address}answer/", {"body": "Hello back"})
    assert Answer.objects.get().body == "Hello back"
    assert ">Hello back</textarea>" not in desk.get(address).content.decode()


def test_few_unsent_answers_are_kept_and_those_typed_last(
    organization: Organization, desk: Client
) -> None:
    addresses = []
    for number in range(MOST + 1):
        made = Conversation.objects.create(
            organization=organization, number=f"+120255502{number:02}"
        )
        addresses.append(f"/replies/{made.pk}/")
        desk.post(f"{addresses[-1]}assign/", {"to": "", "body": "Half a sentence"})
    shown = ["Half a sentence" in desk.get(each).content.decode() for each in addresses]
    assert shown == [False] + [True] * MOST


@pytest.mark.parametrize(
    ("body", "answer"),
    [("STOP", "no more texts"), ("HELP", "Reply STOP to end"), ("START", "texts again")],
)
def test_for_a_short_code_nobody_else_answers(sender: Sender, body: str, answer: str) -> None:
    words = write(sender.organization, body)
    assert answer in words
    assert words.startswith(sender.organization.name)
    assert write(sender.organization, body) == "", "Twilio's repetition is answered nothing."


@pytest.mark.parametrize("kind", ["toll_free", "10dlc", "long_code"])
def test_where_twilio_answers_we_do_not(sender: Sender, kind: str) -> None:
    Sender.objects.update(kind=kind)
    assert write(sender.organization, "STOP") == ""
    assert opted_out_among(sender.organization_id, [MEMBER])


def test_where_advanced_opt_out_answered_we_do_not(sender: Sender) -> None:
    assert write(sender.organization, "STOP", kind="STOP") == ""
    assert opted_out_among(sender.organization_id, [MEMBER])


def test_free_words_are_answered_by_nobody_but_staff(sender: Sender) -> None:
    assert write(sender.organization, "Stop by on Monday?") == ""


def test_new_replies_share_a_mail_and_are_told_once(organization: Organization) -> None:
    organization.reply_emails = ["office@example.org"]
    organization.save()
    write(organization, "Hello")
    write(organization, "Are you there?", sid="SM2")
    write(organization, "HELP", sid="SM3")
    assert mail_new_replies(organization.pk) == 2
    (sent,) = mail.outbox
    assert sent.to == ["office@example.org"]
    assert "Are you there?" in sent.body
    assert "HELP" not in sent.body
    assert mail_new_replies(organization.pk) == 0


def test_help_by_any_of_its_words_is_no_reply(organization: Organization) -> None:
    write(organization, "Info")
    assert InboundText.objects.get().keyword == Keyword.HELP
    assert Conversation.objects.get().unread == 0
