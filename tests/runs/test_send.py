"""Draining a sender: live texts reach Twilio at their pace, rehearsals reach nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import requests
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.config.bridge import in_database
from textmanager.config.jobs import run_worker
from textmanager.gateway.concurrency import Concurrency
from textmanager.gateway.outcomes import (
    TOO_MANY_REQUESTS,
    Accepted,
    NotSent,
    Outcome,
    OutgoingText,
)
from textmanager.organizations.models import Organization, Sender, TwilioConnection, User
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs import holding
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline import send
from textmanager.runs.pipeline.plan import plan
from textmanager.runs.pipeline.send import drain
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twilio() -> Iterator[str]:
    with serve_in_thread(create_app(TwilioSettings(delay_scale=0.0))) as address:
        yield address


def connect(organization: Organization, address: str, *, token: str = "") -> None:
    usual = TwilioSettings()
    connection = TwilioConnection.objects.get(organization=organization)
    connection.account_sid, connection.base_url = usual.account_sid, address
    connection.set_auth_token(token or usual.auth_token)
    connection.save()


def queued(run: Run, count: int) -> Run:
    for number in range(count):
        world.message(run, number, not_before=timezone.now())
    return run


def texts(twilio: str) -> list[dict[str, str]]:
    return list(requests.get(f"{twilio}/_sandbox/messages", timeout=20).json()["messages"])


def work(sender: Sender) -> None:
    asyncio.run(drain(sender.pk))


def test_live_texts_reach_twilio_once_each(run: Run, sender: Sender, twilio: str) -> None:
    connect(run.organization, twilio)
    queued(run, 30)
    work(sender)
    assert sorted(text["to"] for text in texts(twilio)) == sorted(
        Message.objects.values_list("to", flat=True)
    )
    by_sid = {text["sid"]: text["to"] for text in texts(twilio)}
    for message in Message.objects.all():
        assert message.status in {MessageStatus.ACCEPTED, MessageStatus.SENT}
        assert by_sid[message.sid] == message.to
    run.refresh_from_db()
    assert run.state == RunState.COMPLETED
    work(sender)
    assert len(texts(twilio)) == 30


def test_nothing_leaves_a_sender_that_was_taken_out_of_use(
    run: Run, sender: Sender, alice: User, twilio: str
) -> None:
    connect(run.organization, twilio)
    queued(run, 5)
    Sender.objects.update(is_active=False)
    work(sender)
    assert texts(twilio) == []
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert f"“{sender.name}” was taken out of use." in run.reason
    Sender.objects.update(is_active=True)
    holding.resume_run(organization=run.organization, run_id=run.pk, actor=alice)
    work(sender)
    assert len(texts(twilio)) == 5


def test_a_rehearsal_reaches_nothing(run: Run, sender: Sender, twilio: str) -> None:
    connect(run.organization, twilio)
    Run.objects.update(api_mode="test")
    queued(run, 10)
    work(sender)
    assert texts(twilio) == []
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.TESTED}


def test_twilio_itself_checks_a_rehearsal_where_it_can_send_nothing(
    run: Run, sender: Sender, twilio: str
) -> None:
    usual = TwilioSettings()
    connect(run.organization, twilio)
    connection = TwilioConnection.objects.get()
    connection.set_test_credentials(usual.test_account_sid, usual.test_auth_token)
    connection.save()
    Run.objects.update(api_mode="test", tested_with_twilio=True)
    queued(run, 3)
    # Of the right length, but only Twilio knows that there is no such area code.
    world.message(run, 50, to="+11025550100", not_before=timezone.now())
    work(sender)
    assert texts(twilio) == []
    statuses = dict(Message.objects.values_list("number", "status"))
    assert statuses.pop(50) == MessageStatus.ERROR
    assert set(statuses.values()) == {MessageStatus.TESTED}


def test_a_rehearsal_is_held_when_its_test_credentials_are_gone(
    run: Run, sender: Sender, twilio: str
) -> None:
    connect(run.organization, twilio)
    Run.objects.update(api_mode="test", tested_with_twilio=True)
    queued(run, 1)
    work(sender)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "test credentials were taken away" in run.reason
    assert texts(twilio) == []


def test_a_rehearsal_needs_no_twilio_account(run: Run, sender: Sender) -> None:
    TwilioConnection.objects.all().delete()
    Run.objects.update(api_mode="test")
    queued(run, 1)
    work(sender)
    assert Message.objects.get().status == MessageStatus.TESTED


def test_without_an_account_a_live_run_is_held_and_nothing_is_lost(
    run: Run, sender: Sender
) -> None:
    TwilioConnection.objects.all().delete()
    queued(run, 3)
    work(sender)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "not connected to Twilio" in run.reason
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.QUEUED}


def test_a_wrong_token_holds_the_run_with_twilios_reason(
    run: Run, sender: Sender, twilio: str
) -> None:
    connect(run.organization, twilio, token="not the token")
    queued(run, 3)
    work(sender)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "20003" in run.reason
    assert texts(twilio) == []


def test_a_twilio_that_cannot_be_reached_leaves_texts_queued(run: Run, sender: Sender) -> None:
    connect(run.organization, "http://127.0.0.1:9")
    queued(run, 1)
    work(sender)
    message = Message.objects.get()
    assert (message.status, message.reason) == (MessageStatus.QUEUED, "retry")
    assert message.sid == ""


def test_a_sender_with_much_to_send_lets_others_have_their_turn(
    run: Run, sender: Sender, twilio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One place in one worker, and two senders that both could hold it for seconds."""
    monkeypatch.setattr(send, "TURN", dt.timedelta(seconds=0.3))
    connect(run.organization, twilio)
    other = world.sender(run.organization, name="Other", number="+12025550143")
    Sender.objects.update(segments_per_second=5)
    queued(run, 20)
    queued(world.run(world.campaign(run.organization, by=other)), 20)
    for each in (sender, other):
        send.defer_drain(each.pk)

    asyncio.run(run_worker(concurrency=1, wait=False))

    waiting = Message.objects.exclude(status=MessageStatus.QUEUED)
    assert waiting.count() == 40
    first, last = ({}, {})
    for sender_id, at in waiting.order_by("attempted_at").values_list("sender_id", "attempted_at"):
        first.setdefault(sender_id, at)
        last[sender_id] = at
    assert max(first.values()) < min(last.values()), "The second began before the first had ended."


def test_other_jobs_go_before_the_next_turn() -> None:
    assert drain.priority < plan.priority


class SlowTwilio:
    """One call at a time; the first takes so long that everything else waits for its place."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.meanwhile = meanwhile
        self.sent: list[str] = []

    async def send(self, text: OutgoingText) -> Outcome:
        self.sent.append(text.to)
        if len(self.sent) == 1:
            await in_database(self.meanwhile)
            await asyncio.sleep(send.LONGEST_WAIT * 1.5)
        return Accepted(f"SM{len(self.sent):032}", MessageStatus.ACCEPTED, 1)

    async def aclose(self) -> None:
        """Nothing to close."""


def work_slowly(
    monkeypatch: pytest.MonkeyPatch, run: Run, meanwhile: Callable[[], object]
) -> list[str]:
    """The numbers that were texted."""
    connect(run.organization, "http://127.0.0.1:9")
    twilio = SlowTwilio(meanwhile)
    monkeypatch.setattr(send, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(send, "LiveGateway", lambda _credentials, **_: twilio)
    monkeypatch.setattr(send, "concurrency_of", lambda _sender: Concurrency(limit=1))
    work(run.sender)
    return twilio.sent


def test_a_pause_reaches_texts_that_wait_for_their_place(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(run, 5)
    sent = work_slowly(
        monkeypatch, run, lambda: Run.objects.update(state=RunState.HELD, reason="Paused.")
    )
    assert len(sent) == 1
    assert Message.objects.filter(status=MessageStatus.QUEUED, charged_day=None).count() == 4


def test_an_opt_out_reaches_texts_that_wait_for_their_place(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(run, 3)
    last = Message.objects.get(number=2).to

    def opt_out() -> None:
        record_opt_out(organization_id=run.organization_id, number=last, source=OptOutSource.REPLY)

    sent = work_slowly(monkeypatch, run, opt_out)
    assert len(sent) == 2
    assert last not in sent
    assert Message.objects.get(number=2).reason == "opted_out"


def test_a_text_that_waited_too_long_is_not_sent_in_that_attempt(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then reconciliation may have judged that it was never sent."""
    monkeypatch.setattr(send, "STALE", dt.timedelta(seconds=0.25))
    queued(run, 2)
    sent = work_slowly(monkeypatch, run, bool)
    assert len(sent) == 1
    waiting = Message.objects.get(number=1)
    assert (waiting.status, waiting.reason, waiting.charged_day) == ("queued", "retry", None)


def test_too_many_requests_at_once_are_made_fewer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(SlowTwilio):
        async def send(self, text: OutgoingText) -> Outcome:
            self.sent.append(text.to)
            return NotSent("Twilio had too many requests at once.", 60.0, TOO_MANY_REQUESTS)

    connect(run.organization, "http://127.0.0.1:9")
    concurrency = Concurrency(limit=8)
    monkeypatch.setattr(send, "LiveGateway", lambda _credentials, **_: Refusing(bool))
    monkeypatch.setattr(send, "concurrency_of", lambda _sender: concurrency)
    queued(run, 8)
    work(run.sender)
    assert concurrency.limit == 4
    assert set(Message.objects.values_list("status", "reason")) == {("queued", "retry")}


def test_a_fault_of_ours_loses_no_outcome_of_the_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty(SlowTwilio):
        async def send(self, text: OutgoingText) -> Outcome:
            self.sent.append(text.to)
            if len(self.sent) == 2:
                raise ZeroDivisionError
            return Accepted(f"SM{len(self.sent):032}", MessageStatus.ACCEPTED, 1)

    connect(run.organization, "http://127.0.0.1:9")
    monkeypatch.setattr(send, "LiveGateway", lambda _credentials, **_: Faulty(bool))
    queued(run, 5)
    with pytest.raises(ZeroDivisionError):
        work(run.sender)
    assert Message.objects.filter(status=MessageStatus.ACCEPTED).count() == 4
    assert Message.objects.filter(status=MessageStatus.SENDING).count() == 1
