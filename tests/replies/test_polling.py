"""Replies are asked for where webhooks cannot reach us, and STOP counts as if one had come."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest
import requests
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.gateway.inbound import InboundMessage
from textmanager.organizations.models import Organization, Receiving, TwilioConnection
from textmanager.organizations.polling import note_polled, organizations_to_poll
from textmanager.replies.inbound import record_inbound
from textmanager.replies.models import Conversation, InboundText, OptOut, OptOutSource
from textmanager.replies.opt_outs import opted_out_among, record_opt_out, record_opt_outs
from textmanager.replies.polling import poll_replies
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.sandbox.twilio_settings import DEFAULT_SERVICES

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = TwilioSettings(delay_scale=0)
MEMBER, OTHER = "+12025550111", "+12025550112"
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2026, 1, 2, 15, tzinfo=dt.UTC)


@pytest.fixture
def twilio(organization: Organization) -> Iterator[str]:
    with serve_in_thread(create_app(SETTINGS)) as address:
        connection = TwilioConnection.objects.get(organization=organization)
        connection.account_sid, connection.base_url = SETTINGS.account_sid, address
        connection.set_auth_token(SETTINGS.auth_token)
        connection.save()
        yield address


def reply(twilio: str, body: str, *, sender: str = MEMBER, to: str = "555010") -> str:
    form = {"from": sender, "to": to, "body": body}
    return str(requests.post(f"{twilio}/_sandbox/replies", json=form, timeout=10).json()["sid"])


def poll(organization: Organization) -> None:
    asyncio.run(poll_replies(organization.pk))


def webhook(organization: Organization, body: str, sid: str) -> None:
    message = InboundMessage(sid, MEMBER, "555010", body, "", "", {})
    record_inbound(organization_id=organization.pk, message=message)


def test_a_stop_is_honored_without_a_webhook(organization: Organization, twilio: str) -> None:
    world.sender(organization)
    reply(twilio, "Stop.")
    reply(twilio, "See you on Monday", sender=OTHER)
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER, OTHER]) == {MEMBER}
    assert OptOut.objects.get().sender_address == "555010"
    assert Conversation.objects.get(number=OTHER).unread == 1
    assert Conversation.objects.get(number=OTHER).last_words == "See you on Monday"


def test_what_a_webhook_brought_is_not_taken_twice(organization: Organization, twilio: str) -> None:
    world.sender(organization)
    sid = reply(twilio, "When does it begin?")
    webhook(organization, "When does it begin?", sid)
    poll(organization)
    poll(organization)
    assert InboundText.objects.count() == 1
    assert Conversation.objects.get().unread == 1


def test_the_numbers_of_a_service_are_asked_for_too(
    organization: Organization, twilio: str
) -> None:
    service = DEFAULT_SERVICES[0]
    world.sender(organization, number="", messaging_service_sid=service.sid, kind="10dlc")
    reply(twilio, "STOP", to=service.numbers[1])
    reply(twilio, "STOP", sender=OTHER, to="555010")
    poll(organization)
    # The short code is no sender of this organization.
    assert opted_out_among(organization.pk, [MEMBER, OTHER]) == {MEMBER}


def test_the_last_word_counts_in_whatever_order_it_is_heard(
    organization: Organization, twilio: str
) -> None:
    world.sender(organization)
    reply(twilio, "STOP")
    # The webhook of STOP was lost; that of START, later, arrived.
    later = timezone.now() + dt.timedelta(seconds=30)
    message = InboundMessage("SM" + "9" * 32, MEMBER, "555010", "START", "", "", {})
    record_inbound(organization_id=organization.pk, message=message, received_at=later)
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER]) == frozenset()
    assert InboundText.objects.count() == 2
    assert Conversation.objects.get().last_words == "START"


def test_two_keywords_heard_together_are_taken_in_their_order(
    organization: Organization, twilio: str
) -> None:
    world.sender(organization)
    reply(twilio, "START")
    # Twilio's times have whole seconds.
    asyncio.run(asyncio.sleep(1.1))
    reply(twilio, "STOP")
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER]) == {MEMBER}


def test_a_start_that_was_missed_does_not_undo_what_the_office_entered_since(
    organization: Organization, twilio: str
) -> None:
    world.sender(organization)
    record_opt_out(organization_id=organization.pk, number=OTHER, source=OptOutSource.STAFF)
    reply(twilio, "START")
    asyncio.run(asyncio.sleep(1.1))
    record_opt_out(organization_id=organization.pk, number=MEMBER, source=OptOutSource.STAFF)
    reply(twilio, "START", sender=OTHER)
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER, OTHER]) == {MEMBER}


@pytest.mark.parametrize("before", list(OptOutSource))
@pytest.mark.parametrize("by_list", [True, False])
def test_nor_does_it_when_somebody_else_had_told_before(
    organization: Organization, twilio: str, *, before: OptOutSource, by_list: bool
) -> None:
    """The office tells of a number that is in the register: that is the last word all the same."""
    world.sender(organization)
    record_opt_out(organization_id=organization.pk, number=MEMBER, source=before)
    OptOut.objects.update(created_at=LONG_AGO, told_at=LONG_AGO)
    reply(twilio, "START")
    asyncio.run(asyncio.sleep(1.1))
    told = {"organization_id": organization.pk, "source": OptOutSource.STAFF, "evidence": "Mail"}
    if by_list:
        record_opt_outs(numbers=[MEMBER], **told)  # type: ignore[arg-type]  # of several types
    else:
        record_opt_out(number=MEMBER, **told)  # type: ignore[arg-type]  # as above
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER]) == {MEMBER}
    assert OptOut.objects.get().created_at == LONG_AGO


def test_stop_and_start_that_were_both_missed_leave_the_person_in(
    organization: Organization, twilio: str
) -> None:
    world.sender(organization)
    reply(twilio, "STOP")
    # Twilio's times have whole seconds.
    asyncio.run(asyncio.sleep(1.1))
    reply(twilio, "START")
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER]) == frozenset()
    assert OptOut.objects.get().cleared_at is not None


def test_a_service_that_is_gone_keeps_no_stop_from_being_heard(
    organization: Organization, twilio: str
) -> None:
    world.sender(organization)
    world.sender(organization, number="", messaging_service_sid="MG" + "0" * 32, kind="10dlc")
    reply(twilio, "STOP")
    poll(organization)
    assert opted_out_among(organization.pk, [MEMBER]) == {MEMBER}


def test_our_own_texts_are_no_replies(organization: Organization, twilio: str) -> None:
    world.sender(organization, number="+12025550143", kind="long_code")
    reply(twilio, "HELP", to="+12025550143")
    poll(organization)
    assert [text.body for text in InboundText.objects.all()] == ["HELP"]


def test_an_unreachable_twilio_is_asked_about_the_same_time_again(
    organization: Organization,
) -> None:
    world.sender(organization)
    poll(organization)
    assert TwilioConnection.objects.get().replies_polled_until is None


@pytest.mark.parametrize(
    ("values", "minutes", "is_due"),
    [
        ({}, 1, False),
        ({}, 29, False),
        ({}, 30, True),
        ({"receiving": Receiving.POLLING}, 1, True),
        ({"reach_problem": "It does not lead here"}, 1, True),
        ({"auth_token_sealed": ""}, 1, True),
    ],
)
def test_who_cannot_be_called_is_asked_for_every_minute(
    organization: Organization, values: dict[str, str], minutes: int, *, is_due: bool
) -> None:
    assert organizations_to_poll(NOW) == [organization.pk]
    TwilioConnection.objects.update(**values)
    note_polled(organization.pk, NOW)
    due = organizations_to_poll(NOW + dt.timedelta(minutes=minutes))
    assert (due == [organization.pk]) is is_due
