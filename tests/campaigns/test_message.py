"""The message as it is written: measured, corrected at a click, seen as a phone shows it, tried."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import Client

from form_steps import let_a_worker_count
from serving_in_thread import serve_in_thread
from textmanager.organizations.models import (
    AuditEvent,
    Organization,
    TwilioConnection,
    User,
)
from textmanager.replies import answering
from textmanager.replies.models import Answer, OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.sandbox.twilio import TwilioSettings, create_app

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGE = "/campaigns/message/"
TEST_TEXT = "/campaigns/test-text/"
ME = "202-555-0143"
# Words of engineers, which staff do not know.
TECHNICAL = re.compile("GSM|UCS|Unicode|encod", re.IGNORECASE)


@pytest.fixture
def twilio(connected: Organization) -> Iterator[str]:
    with serve_in_thread(create_app(TwilioSettings(delay_scale=0.0))) as address:
        usual = TwilioSettings()
        connection = TwilioConnection.objects.get(organization=connected)
        connection.account_sid, connection.base_url = usual.account_sid, address
        connection.set_auth_token(usual.auth_token)
        connection.save()
        yield address


def shown(page: Client, sent: dict[str, str], **changed: str) -> str:
    answer = page.post(MESSAGE, {**sent, **changed}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"').split())


def test_the_text_is_measured_as_merged_for_the_person_shown(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = shown(page, filled_in, template="x" * 155 + "${ID}")
    assert "<strong>160</strong> plain characters · <strong>1</strong> segment " in html
    html = shown(page, filled_in, template="x" * 156 + "${ID}")
    assert "<strong>161</strong> plain characters · <strong>2</strong> segments " in html
    html = shown(page, filled_in, template="x" * 154 + "${ID}")
    assert "1 more fits into it" in html
    html = shown(page, filled_in, template="😀" + "x" * 67 + "${ID}")
    said = "<strong>73</strong> characters, special ones among them (70 a segment) · "
    assert f"{said}<strong>2</strong> segments " in html
    assert not TECHNICAL.search(html)


def test_an_unknown_field_comes_with_what_was_meant(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = shown(page, filled_in, template="Hi ${FirstNam|friend}")
    assert 'data-replace="${FirstNam|friend}" data-with="${FirstName|friend}"' in html
    # It is unknown, which is not the same as empty.
    assert "Empty for this person" not in html
    html = shown(page, filled_in, template="Hi ${Zzzzz}")
    assert "no column “Zzzzz”" in html
    assert "data-with" not in html


def test_characters_that_cost_can_be_replaced_at_a_click(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = shown(page, filled_in, template="“Hi” 😀. Reply STOP to end.")
    assert 'data-replace="“" data-with="""' in html
    assert 'data-replace="😀" data-with=""' in html
    assert 'data-template=""Hi" 😀. Reply STOP to end."' in html
    assert "grinning face" in html
    assert "Special characters" in html
    assert not TECHNICAL.search(html)
    assert "pecial" not in shown(page, filled_in, template="Hi. Reply STOP to end.")


def test_how_to_end_is_proposed_when_the_message_does_not_say_it(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    assert 'data-append="Reply STOP to end."' in shown(page, filled_in, template="Hi")
    for says in ("Reply STOP to end.", "Text stop to quit", "To opt out reply END"):
        assert "data-append" not in shown(page, filled_in, template=says)
    assert "data-append" not in shown(page, filled_in, template="")


def test_a_field_that_is_not_closed_is_said(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    assert "not closed" in shown(page, filled_in, template="Hi ${First")


def test_one_goes_through_the_people_one_by_one(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    first = shown(page, filled_in)
    assert "person 1 of 8" in first
    assert 'id="person-previous"' in first
    assert re.search(r'id="person-previous"[^>]* disabled>', first)
    second = shown(page, filled_in, go="1")
    assert "person 2 of 8" in second
    assert 'name="place" value="1"' in second
    assert "person 2 of 8" in shown(page, filled_in, place="1")
    assert re.search(r'id="person-next"[^>]* disabled>', shown(page, filled_in, go="7"))
    # Somebody has left the audience meanwhile.
    assert "person 8 of 8" in shown(page, filled_in, place="500")


def test_a_person_is_found_by_the_imis_id(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    early = shown(page, filled_in, find="1", find_id="12")
    assert "as soon as the audience is counted" in early
    page.post("/campaigns/summary/", filled_in)
    let_a_worker_count()
    third = re.search(r"iMIS ID (\w+)", shown(page, filled_in, go="2"))
    assert third
    assert "person 3 of 8" in shown(page, filled_in, find="1", find_id=third[1])
    assert "Nobody in this audience has the iMIS ID 99" in shown(
        page, filled_in, find="1", find_id="99"
    )


def test_the_longest_and_the_emptiest_are_offered_once_counted(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    sent = filled_in | {"iqa_path": "$/Text Manager/Conference registrants"}
    sent |= {"phone_column": "Cell Phone", "template": "Hi ${Session Title}"}
    uncounted = shown(page, sent)
    assert "Longest" not in uncounted
    # The very place of the buttons fetches itself once the summary has its figures.
    assert re.search(r'id="notable"[^>]*hx-trigger="audience-counted', uncounted)
    assert "data-counted" not in page.post("/campaigns/summary/", sent).content.decode()
    let_a_worker_count()
    assert "data-counted" in page.post("/campaigns/summary/", sent).content.decode()
    html = shown(page, sent)
    longest = re.search(r'value="(\d+)">Longest', html)
    assert longest
    lengths = [
        int(re.search(r"(\d+)</strong> (?:plain )?char", shown(page, sent, go=str(place)))[1])  # type: ignore[index]  # every one has a text
        for place in (0, 1, 2, int(longest[1]))
    ]
    assert lengths[-1] == max(lengths)


def test_who_gets_no_text_is_told_at_the_preview(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    to = re.search(r"to (\+1\d+)", shown(page, filled_in))
    assert to
    record_opt_out(organization_id=connected.pk, number=to[1], source=OptOutSource.REPLY)
    assert "Gets no text: Opted out." in shown(page, filled_in)
    dirty = filled_in | {"iqa_path": "$/Text Manager/Dirty numbers", "template": "Hi ${FullName}"}
    html = shown(page, dirty)
    assert "Gets no text: No number." in html
    assert 'class="bubble">Hi ' in html


def test_the_preview_takes_few_queries(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    django_assert_max_num_queries: Any,
) -> None:
    shown(page, filled_in)
    with django_assert_max_num_queries(12):
        shown(page, filled_in)


def try_it(page: Client, filled_in: dict[str, str], **changed: str) -> str:
    sent = {**filled_in, "api_mode": "live", "test_number": ME, "text_id": str(uuid.uuid4())}
    answer = page.post(TEST_TEXT, {**sent, **changed})
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_text_goes_to_the_person_who_writes_it(
    connected: Organization, page: Client, filled_in: dict[str, str], twilio: str, alice: User
) -> None:
    assert "On its way to +12025550143" in try_it(page, filled_in)
    text = Answer.objects.get()
    assert text.body.startswith("[Test] Hello ")
    assert text.sender_id == int(filled_in["sender"])
    asyncio.run(answering.send_answer.func(str(text.pk)))
    sent = requests.get(f"{twilio}/_sandbox/messages", timeout=20).json()["messages"]
    assert [each["to"] for each in sent] == ["+12025550143"]
    text.refresh_from_db()
    assert text.charged_day is not None
    assert AuditEvent.objects.get(action="sent a test text").after["to"] == "+12025550143"
    status = page.get(f"{TEST_TEXT}{text.pk}/").content.decode()
    assert "+12025550143" in status
    # The number is remembered.
    assert f'value="{ME}"' in shown(page, filled_in)


def test_the_same_press_twice_is_one_text(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    once = {"text_id": str(uuid.uuid4())}
    try_it(page, filled_in, **once)
    try_it(page, filled_in, **once)
    assert Answer.objects.count() == 1
    assert AuditEvent.objects.filter(action="sent a test text").count() == 1


def test_that_test_mode_sends_nothing_is_said_before_anything_is_pressed(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    def help_beside_the_button(html: str) -> str:
        said = re.search(r'id="test-help">(.*?)</p>', html)
        assert said
        assert 'id="send-one" aria-describedby="test-help"' in html
        return said[1]

    in_test = help_beside_the_button(shown(page, filled_in, api_mode="test"))
    assert "In TEST mode nothing is sent" in in_test
    live = help_beside_the_button(shown(page, filled_in, api_mode="live"))
    assert "One real text" in live
    # The same stands there after a press.
    assert "In TEST mode" in help_beside_the_button(try_it(page, filled_in, api_mode="test"))
    assert "One real text" in help_beside_the_button(try_it(page, filled_in, test_number="1"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"api_mode": "test"}, "TEST mode, which sends nothing"),
        ({"sender": ""}, "Choose the sender first"),
        ({"test_number": "12"}, "is not a mobile number"),
        ({"template": ""}, "no text to send yet"),
        ({"iqa_path": "$/Nowhere"}, "$/Nowhere"),
    ],
)
def test_a_test_that_cannot_be_sent_says_why(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    changed: dict[str, str],
    told: str,
) -> None:
    html = try_it(page, filled_in, **changed)
    assert told in html
    assert not Answer.objects.exists()


def test_a_test_respects_opt_outs_and_the_allowance(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    record_opt_out(organization_id=connected.pk, number="+12025550143", source=OptOutSource.REPLY)
    assert "opted out" in try_it(page, filled_in)
    Organization.objects.update(daily_allowance=0)
    assert "allowance is used up" in try_it(page, filled_in, test_number="202-555-0144")
    assert not Answer.objects.exists()


def test_a_viewer_and_a_stranger_try_nothing(
    filled_in: dict[str, str], bob: User, charlie: User, client: Client
) -> None:
    client.force_login(bob)
    assert client.post(TEST_TEXT, filled_in).status_code == 403
    client.force_login(charlie)
    assert "Choose the sender first" in try_it(client, filled_in)
    assert not Answer.objects.exists()


def test_the_picker_shows_recent_ones_folders_and_what_is_searched(
    connected: Organization, page: Client, campaign: Any
) -> None:
    html = page.get("/campaigns/iqa-picker/").content.decode()
    assert "Recently used" in html
    assert 'data-iqa="$/Text Manager/Board of directors"' in html
    assert "?folder=%24/Samples" in html
    inside = page.get("/campaigns/iqa-picker/", {"folder": "$/Samples"}).content.decode()
    assert 'data-iqa="$/Samples/No aliases"' in inside
    assert "Recently used" not in inside
    found = page.get("/campaigns/iqa-picker/", {"words": "dirty numb"}).content.decode()
    assert found.count("data-iqa=") == 1
    assert "1 IQA with “dirty numb”" in found
    assert page.get("/campaigns/iqa-picker/", {"words": " "}).content.decode().strip() == ""


def test_a_picker_without_imis_says_so(organization: Organization, page: Client) -> None:
    assert "Nothing answers at" in page.get("/campaigns/iqa-picker/").content.decode()
