"""An answer is sent at most once, refused in words, and followed to its end."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.gateway.ledger import LedgerEntry
from textmanager.gateway.outcomes import Accepted, Ambiguous, NotSent, Refused
from textmanager.gateway.receipts import Receipt
from textmanager.organizations.models import Organization, Sender, TwilioConnection, User
from textmanager.replies import answering
from textmanager.replies.models import Answer, Conversation, OptOut, OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.allowance import segments_used
from textmanager.runs.models import Run
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)

MEMBER = "+12025550143"
SID = "SM" + "1" * 32


@pytest.fixture
def conversation(sender: Sender) -> Conversation:
    return Conversation.objects.create(organization=sender.organization, number=MEMBER)


@pytest.fixture
def twilio(sender: Sender) -> Iterator[str]:
    with serve_in_thread(create_app(TwilioSettings(delay_scale=0.0))) as address:
        usual = TwilioSettings()
        connection = TwilioConnection.objects.get(organization=sender.organization)
        connection.account_sid, connection.base_url = usual.account_sid, address
        connection.set_auth_token(usual.auth_token)
        connection.save()
        yield address


def written(conversation: Conversation, author: User | None = None) -> Answer:
    return Answer.objects.create(
        organization=conversation.organization,
        conversation=conversation,
        sender=Sender.objects.get(),
        body="Yes, bring her along.",
        segments=1,
        author=author,
    )


def begun(conversation: Conversation) -> Answer:
    """As a worker leaves it that dies during the call."""
    answer = written(conversation)
    assert answering.begin_attempt(answer.pk, timezone.now()) is not None
    answer.refresh_from_db()
    return answer


def send(answer: Answer) -> Answer:
    asyncio.run(answering.send_answer.func(str(answer.pk)))
    answer.refresh_from_db()
    return answer


def texts(twilio: str) -> list[dict[str, str]]:
    return list(requests.get(f"{twilio}/_sandbox/messages", timeout=20).json()["messages"])


def test_an_answer_reaches_the_person_from_the_number_they_wrote_to(
    conversation: Conversation, twilio: str, alice: User
) -> None:
    answer = send(written(conversation, alice))
    assert answer.status in {MessageStatus.ACCEPTED, MessageStatus.SENT}
    (text,) = texts(twilio)
    assert (text["to"], text["from"], text["body"]) == (MEMBER, "555010", answer.body)
    assert text["sid"] == answer.sid


@pytest.mark.parametrize(
    ("closes_in", "seconds"), [(dt.timedelta(minutes=90), 5400), (dt.timedelta(hours=11), None)]
)
def test_no_answer_leaves_twilio_after_the_persons_texting_hours(
    conversation: Conversation, closes_in: dt.timedelta, seconds: int | None
) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    # The member's number is of Washington, D.C., where this is 9 p.m. in winter.
    now = dt.datetime(2026, 11, 26, 2, tzinfo=dt.UTC) - closes_in
    leaving = answering.begin_attempt(written(conversation).pk, now)
    assert leaving is not None
    assert leaving.validity_seconds == seconds


def test_a_job_that_runs_twice_sends_once(conversation: Conversation, twilio: str) -> None:
    answer = written(conversation)
    send(answer)
    send(answer)
    assert len(texts(twilio)) == 1


def test_an_answer_is_written_on_the_page(
    conversation: Conversation, alice: User, client: Client
) -> None:
    client.force_login(alice)
    client.post(f"/replies/{conversation.pk}/answer/", {"body": " Yes. "})
    answer = Answer.objects.get()
    assert (answer.body, answer.author, answer.status) == ("Yes.", alice, MessageStatus.QUEUED)
    assert "Preparing" in client.get(f"/replies/{conversation.pk}/").content.decode()


def refused(conversation: Conversation, alice: User, client: Client, body: str = "Yes.") -> str:
    client.force_login(alice)
    page = client.post(f"/replies/{conversation.pk}/answer/", {"body": body}).content.decode()
    assert not Answer.objects.exists()
    assert f">{body}</textarea>" in page, "Nothing that was typed is lost."
    return page


def test_who_has_opted_out_is_not_answered(
    conversation: Conversation, alice: User, client: Client
) -> None:
    record_opt_out(
        organization_id=conversation.organization_id, number=MEMBER, source=OptOutSource.REPLY
    )
    assert "This person has opted out" in refused(conversation, alice, client)


def test_nobody_is_answered_in_quiet_hours(
    conversation: Conversation, alice: User, client: Client
) -> None:
    # Washington's clock; open for an hour that has just passed.
    now = timezone.now().astimezone(conversation.organization.zone)
    closes = (now - dt.timedelta(hours=2)).time()
    opens = (now - dt.timedelta(hours=3)).time()
    if opens > closes:
        opens, closes = dt.time(12), dt.time(13)
    Organization.objects.update(texting_opens=opens, texting_closes=closes)
    page = refused(conversation, alice, client)
    assert "outside of texting hours" in page
    assert "America/New_York" in page


def test_the_days_allowance_holds_for_answers_too(
    conversation: Conversation, alice: User, client: Client
) -> None:
    Organization.objects.update(daily_allowance=1)
    begun(conversation)
    organization = Organization.objects.get()
    assert segments_used(organization.pk, organization.day_of(timezone.now())) == 1
    Answer.objects.update(charged_day=organization.day_of(timezone.now()))
    other = Conversation.objects.create(organization=organization, number="+12025550144")
    with pytest.raises(answering.NotAnswered, match="allowance is used up"):
        answering.write_answer(other, body="Yes.", author=alice)


@pytest.mark.parametrize(("body", "why"), [("", "Write something"), ("x" * 1601, "1,600")])
def test_what_is_no_text_is_refused(
    conversation: Conversation, alice: User, client: Client, body: str, why: str
) -> None:
    assert why in refused(conversation, alice, client, body)


def test_an_opt_out_after_it_was_written_stops_it(conversation: Conversation, twilio: str) -> None:
    answer = written(conversation)
    record_opt_out(
        organization_id=conversation.organization_id, number=MEMBER, source=OptOutSource.REPLY
    )
    send(answer)
    assert answer.status == MessageStatus.FAILED
    assert "opted out" in answer.why_not
    assert texts(twilio) == []


@pytest.mark.parametrize(
    "outcome", [Refused(21211, "Invalid"), NotSent("No connection to Twilio.")], ids=str
)
def test_what_was_surely_not_sent_is_told_and_costs_nothing(
    conversation: Conversation, outcome: Refused | NotSent
) -> None:
    answer = begun(conversation)
    answering.record_outcome(answer.pk, outcome)
    answer.refresh_from_db()
    assert (answer.status, answer.charged_day) == (MessageStatus.FAILED, None)
    assert answer.why_not


def entry(answer: Answer, **values: object) -> LedgerEntry:
    known: dict[str, object] = {
        "sid": SID, "to": MEMBER, "from_number": "555010", "body": answer.body,
        "status": MessageStatus.SENT, "raw_status": "sent", "error_code": None, "error_text": "",
        "segments": 1, "price": None, "price_unit": "", "date_created": None, "date_sent": None,
    }  # fmt: skip
    return LedgerEntry(**{**known, **values})  # type: ignore[arg-type]  # made of plain values


def settled(answer: Answer, found: list[LedgerEntry] | None, now: dt.datetime) -> Answer:
    answering.settle(answer.pk, found, now)
    answer.refresh_from_db()
    return answer


def test_an_unclear_answer_is_looked_up_and_never_sent_again(
    conversation: Conversation, twilio: str
) -> None:
    answer = begun(conversation)
    answering.record_outcome(answer.pk, Ambiguous("The answer was lost."))
    send(answer)
    assert answer.status == MessageStatus.SENDING
    assert texts(twilio) == []
    soon = timezone.now()
    assert answering.unclear_answers(soon) == []
    assert answering.unclear_answers(soon + answering.UNTIL_LOOKED_UP) == [answer]


def test_what_twilio_has_is_adopted(conversation: Conversation) -> None:
    answer = begun(conversation)
    settled(answer, [entry(answer, body="Another"), entry(answer)], timezone.now())
    assert (answer.status, answer.sid) == (MessageStatus.SENT, SID)


def test_what_twilio_has_not_is_told(conversation: Conversation) -> None:
    answer = settled(begun(conversation), [], timezone.now())
    assert answer.status == MessageStatus.FAILED
    assert "You can write it again" in answer.why_not


def test_when_twilio_cannot_be_asked_for_a_day_it_stays_unconfirmed(
    conversation: Conversation,
) -> None:
    answer = begun(conversation)
    assert settled(answer, None, timezone.now()).status == MessageStatus.SENDING
    tomorrow = timezone.now() + answering.GIVE_UP + dt.timedelta(seconds=1)
    assert settled(answer, None, tomorrow).status == MessageStatus.UNCONFIRMED


def receipt(answer: Answer, status: MessageStatus, sid: str = SID) -> Receipt:
    reference = f"{answering.REFERENCE}{answer.pk}"
    return Receipt(reference, sid, status, status.value, None, "", MEMBER, "555010", {})


def test_receipts_move_an_answer_forward_alone(conversation: Conversation) -> None:
    answer = begun(conversation)
    answering.record_outcome(answer.pk, Accepted(SID, MessageStatus.ACCEPTED, 1))
    for status in (MessageStatus.DELIVERED, MessageStatus.SENT):
        answering.apply_answer_receipt(answer.organization_id, receipt(answer, status))
    answer.refresh_from_db()
    assert answer.status == MessageStatus.DELIVERED


def test_a_receipt_settles_what_was_unclear(conversation: Conversation) -> None:
    answer = begun(conversation)
    answering.apply_answer_receipt(answer.organization_id, receipt(answer, MessageStatus.SENT))
    answering.record_outcome(answer.pk, Ambiguous("The answer was lost."))
    answer.refresh_from_db()
    assert (answer.status, answer.sid) == (MessageStatus.SENT, SID)


def test_another_organizations_receipt_changes_nothing(
    conversation: Conversation, charlie: User
) -> None:
    answer = begun(conversation)
    theirs = charlie.memberships.get().organization_id
    answering.apply_answer_receipt(theirs, receipt(answer, MessageStatus.SENT))
    stray = Receipt(
        f"{answering.REFERENCE}nonsense", SID, MessageStatus.SENT, "sent", None, "", "", "", {}
    )
    answering.apply_answer_receipt(answer.organization_id, stray)
    unknown = Answer(pk=uuid.uuid4())
    answering.apply_answer_receipt(answer.organization_id, receipt(unknown, MessageStatus.SENT))
    answer.refresh_from_db()
    assert answer.status == MessageStatus.SENDING


def test_a_lost_job_is_made_up_for(conversation: Conversation, twilio: str) -> None:
    answer = written(conversation)
    Answer.objects.update(created_at=timezone.now() - dt.timedelta(minutes=2))
    asyncio.run(answering.settle_answers.func(0))
    answer.refresh_from_db()
    assert answer.sid
    assert len(texts(twilio)) == 1


def test_a_body_that_twilio_encoded_anew_is_found(conversation: Conversation) -> None:
    answer = begun(conversation)
    Answer.objects.update(body="“Yes” – bring her along…")
    found = entry(answer, body='"Yes" - bring her along...')
    assert settled(answer, [found], timezone.now()).sid == SID


def test_a_text_of_a_run_or_another_answer_is_not_taken_for_it(
    conversation: Conversation, run: Run
) -> None:
    answer, other = begun(conversation), begun(conversation)
    Answer.objects.filter(pk=other.pk).update(sid=SID)
    assert settled(answer, [entry(answer)], timezone.now()).sid == ""
    third = begun(conversation)
    world.message(run, 1, status=MessageStatus.SENT, sid="SM" + "2" * 32)
    found = entry(third, sid="SM" + "2" * 32)
    assert settled(third, [found], timezone.now()).sid == ""


@pytest.mark.parametrize("code", [21610, 30630])
def test_a_refusal_as_opted_out_enters_the_number(conversation: Conversation, code: int) -> None:
    answering.record_outcome(begun(conversation).pk, Refused(code, "Unsubscribed"))
    entered = OptOut.objects.get()
    assert (entered.number, entered.source) == (MEMBER, "twilio")
    assert entered.sender_address == Sender.objects.get().number


def test_the_senders_own_cap_holds_for_answers_too(
    conversation: Conversation, alice: User, client: Client
) -> None:
    Sender.objects.update(daily_cap=0)
    assert "daily cap of Office" in refused(conversation, alice, client)
    answer = written(conversation)
    assert answering.begin_attempt(answer.pk, timezone.now()) is None


def test_the_same_form_twice_at_once_is_one_answer(conversation: Conversation, alice: User) -> None:
    form = uuid.uuid4()

    def write(_number: int) -> None:
        try:
            answering.write_answer(conversation, body="Once.", author=alice, form_id=form)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert Answer.objects.count() == 1


def test_the_page_names_its_form(conversation: Conversation, alice: User, client: Client) -> None:
    client.force_login(alice)
    page = client.get(f"/replies/{conversation.pk}/").content.decode()
    found = re.search(r'name="form_id" value="([^"]+)"', page)
    assert found
    for _ in range(2):
        client.post(
            f"/replies/{conversation.pk}/answer/", {"body": "Once.", "form_id": found.group(1)}
        )
    client.post(f"/replies/{conversation.pk}/answer/", {"body": "Twice.", "form_id": "x"})
    assert sorted(Answer.objects.values_list("body", flat=True)) == ["Once.", "Twice."]
