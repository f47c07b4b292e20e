"""What people text in words of their own: none of it is lost, and nobody is answered twice."""

from __future__ import annotations

import itertools

import pytest

import world
from textmanager.gateway.inbound import InboundMessage
from textmanager.organizations.models import Organization, User
from textmanager.replies.conversations import decide_wish
from textmanager.replies.inbound import Taken, record_inbound
from textmanager.replies.models import Conversation, InboundText, OptOut, OptOutSource
from textmanager.replies.opt_outs import opted_out_among

pytestmark = pytest.mark.django_db
MEMBER = "+12025550143"
TOLL_FREE = "+18005550199"
_sids = itertools.count(1)


def say(organization: Organization, body: str, *, by: str = MEMBER, to: str = "555010") -> Taken:
    message = InboundMessage(f"SM{next(_sids):032x}", by, to, body, "", "", {})
    return record_inbound(organization_id=organization.pk, message=message)


def is_opted_out(organization: Organization) -> bool:
    return bool(opted_out_among(organization.pk, [MEMBER]))


def test_yes_of_somebody_who_is_not_opted_out_is_an_answer_that_staff_read(
    organization: Organization,
) -> None:
    world.sender(organization)
    assert say(organization, "Yes").answer == ""
    assert (Conversation.objects.get().unread, InboundText.objects.get().keyword) == (1, "")


@pytest.mark.parametrize("source", [OptOutSource.STAFF, OptOutSource.IMIS])
def test_yes_undoes_no_opt_out_that_was_told_elsewhere(
    organization: Organization, source: OptOutSource
) -> None:
    OptOut.objects.create(organization=organization, number=MEMBER, source=source)
    say(organization, "YES")
    assert is_opted_out(organization)
    say(organization, "START")
    assert not is_opted_out(organization)


def test_yes_to_a_toll_free_number_lifts_nothing_as_its_network_does_not_either(
    organization: Organization,
) -> None:
    world.sender(organization, kind="toll_free", number=TOLL_FREE)
    say(organization, "STOP", to=TOLL_FREE)
    say(organization, "yes!", to=TOLL_FREE)
    assert is_opted_out(organization)


def test_a_wish_is_not_forgotten_over_the_next_text(
    organization: Organization, alice: User
) -> None:
    say(organization, "please take me off this list")
    say(organization, "thank you")
    conversation = Conversation.objects.get()
    assert conversation.asks_to_stop
    decide_wish(conversation, opts_out=True, actor=alice)
    assert OptOut.objects.get().evidence == "please take me off this list"


def test_nobody_who_is_opted_out_is_asked_about(organization: Organization) -> None:
    say(organization, "STOP")
    say(organization, "and leave me alone")
    assert not Conversation.objects.get().asks_to_stop


@pytest.mark.parametrize("address", ["whatsapp:+12025550143", "rcs:+12025550143"])
def test_an_opt_out_by_another_channel_counts_for_the_number(
    organization: Organization, address: str
) -> None:
    say(organization, "STOP", by=address, to="rcs:an_agent_with_a_rather_long_name")
    assert is_opted_out(organization)


def test_a_text_with_a_nul_is_kept_without_it(organization: Organization) -> None:
    say(organization, "Hello\0 there")
    assert InboundText.objects.get().body == "Hello there"


def test_a_machine_that_asks_for_help_again_and_again_is_answered_once(
    organization: Organization,
) -> None:
    world.sender(organization)
    assert [bool(say(organization, "HELP").answer) for _ in range(3)] == [True, False, False]


def test_a_second_stop_is_not_confirmed_again(organization: Organization) -> None:
    world.sender(organization)
    assert [bool(say(organization, "STOP").answer) for _ in range(2)] == [True, False]
