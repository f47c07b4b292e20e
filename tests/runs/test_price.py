"""What a run has cost: prices come late, page by page, and each is added once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.config.bridge import in_database
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.ledger import LedgerEntry
from textmanager.gateway.sender import Accepted, LiveGateway, OutgoingText
from textmanager.organizations.models import Organization, Sender
from textmanager.runs.completion import complete_runs, settle_runs
from textmanager.runs.costs import RunCost, cost_of
from textmanager.runs.models import Message, Run
from textmanager.runs.pipeline import price as step
from textmanager.runs.pipeline.plan import defer_what_is_due
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.text.statuses import MessageStatus

SETTINGS = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)


def sid(number: int) -> str:
    return f"SM{number:032x}"


def entry(number: int, price: str | None = "0.0079") -> LedgerEntry:
    return LedgerEntry(
        sid=sid(number),
        to="",
        from_number="",
        body="",
        status=MessageStatus.DELIVERED,
        raw_status="delivered",
        error_code=None,
        error_text="",
        segments=1,
        price=Decimal(price) if price else None,
        price_unit="USD",
        date_created=None,
        date_sent=None,
    )


def delivered(run: Run, *numbers: int, **values: object) -> None:
    for number in numbers:
        world.message(run, number, sid=sid(number), status=MessageStatus.DELIVERED, **values)


def test_nothing_is_known_before_the_first_price(run: Run) -> None:
    delivered(run, 1, 2)
    assert cost_of(run) == RunCost(None, "", 0, 2)


def test_prices_add_up_however_often_a_page_is_read(run: Run, organization: Organization) -> None:
    delivered(run, 1, 2, 3)
    page = [entry(1), entry(2, "0.0158"), entry(3, None), entry(99)]
    assert step.keep_prices(organization.pk, page) == 2
    assert step.keep_prices(organization.pk, page) == 0
    run.refresh_from_db()
    assert cost_of(run) == RunCost(Decimal("0.02370"), "USD", 2, 3)
    assert not cost_of(run).is_whole
    step.keep_prices(organization.pk, [entry(3)])
    run.refresh_from_db()
    assert cost_of(run) == RunCost(Decimal("0.03160"), "USD", 3, 3)
    assert cost_of(run).is_whole


def test_one_page_pays_for_several_runs(run: Run, organization: Organization) -> None:
    other = world.run(run.campaign, scheduled_for=run.scheduled_for + dt.timedelta(days=1))
    delivered(run, 1)
    delivered(other, 2, 3)
    step.keep_prices(organization.pk, [entry(1), entry(2), entry(3)])
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.billed_amount, other.billed_amount) == (Decimal("0.00790"), Decimal("0.01580"))


def test_a_failed_text_is_paid_for_but_was_not_sent(run: Run, organization: Organization) -> None:
    delivered(run, 1)
    world.message(run, 2, sid=sid(2), status=MessageStatus.FAILED)
    step.keep_prices(organization.pk, [entry(1), entry(2, "0.001")])
    run.refresh_from_db()
    assert cost_of(run) == RunCost(Decimal("0.00890"), "USD", 1, 1)


def test_another_organization_pays_nothing(run: Run) -> None:
    delivered(run, 1)
    assert step.keep_prices(world.organization("other").pk, [entry(1)]) == 0


def test_the_cost_is_read_without_looking_at_a_message(run: Run) -> None:
    delivered(run, 1, 2)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        cost_of(run)
    assert len(queries) == 1
    assert "runs_message" not in queries[0]["sql"]


def test_prices_are_asked_for_after_the_end_and_less_and_less_often(run: Run) -> None:
    delivered(run, 1)
    now = timezone.now()
    complete_runs(now=now)
    assert step.runs_to_price(now) == []
    assert step.runs_to_price(now + step.WAITS[0]) == [run.pk]
    for wait in step.WAITS[1:]:
        step.wait_or_end(run.pk, now)
        assert step.runs_to_price(now + wait - dt.timedelta(seconds=1)) == []
        assert step.runs_to_price(now + wait) == [run.pk]
    step.wait_or_end(run.pk, now)
    assert step.runs_to_price(now + dt.timedelta(days=400)) == []


def test_a_settled_run_whose_every_text_is_priced_is_asked_about_no_more(
    run: Run, organization: Organization
) -> None:
    delivered(run, 1)
    now = timezone.now()
    complete_runs(now=now)
    settle_runs(now=now)
    step.keep_prices(organization.pk, [entry(1)])
    step.wait_or_end(run.pk, now)
    assert step.runs_to_price(now + dt.timedelta(days=400)) == []


def test_a_test_run_costs_nothing_and_is_never_asked_about(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(api_mode="test")
    complete_runs(now=timezone.now())
    assert step.runs_to_price(timezone.now() + dt.timedelta(days=1)) == []


def test_planning_lets_a_worker_ask(run: Run, django_assert_max_num_queries) -> None:
    Run.objects.filter(pk=run.pk).update(state="completed", price_due_at=timezone.now())
    with django_assert_max_num_queries(20), CaptureQueriesContext(connection) as queries:
        defer_what_is_due(now=timezone.now())
    assert any(f"price-{run.pk}" in query["sql"] for query in queries)


@pytest.fixture
def twilio() -> Iterator[str]:
    with serve_in_thread(create_app(SETTINGS)) as base_url:
        yield base_url


@pytest.mark.django_db(transaction=True)
def test_twilio_is_asked_for_what_it_billed(twilio: str) -> None:
    run = _connected_run(twilio)
    asyncio.run(_send(run.organization.twilio.credentials(), run))
    for _ in range(100):
        # The sandbox's carriers need a moment to deliver and to bill.
        asyncio.run(step.price(str(run.pk)))
        run.refresh_from_db()
        if run.billed_texts == 3:
            break
    assert cost_of(run) == RunCost(Decimal("0.02370"), "USD", 3, 3)


async def _send(credentials: TwilioCredentials, run: Run) -> None:
    async with LiveGateway(credentials) as gateway:
        for message in await in_database(list[Message], run.messages.all()):
            text = OutgoingText(message.to, "Hello Ann", "", None, from_number="+12025550143")
            sent = await gateway.send(text)
            assert isinstance(sent, Accepted)
            message.sid, message.status = sent.sid, MessageStatus.DELIVERED
            await in_database(message.save)


@pytest.mark.django_db(transaction=True)
def test_an_unreachable_twilio_is_asked_again_later() -> None:
    run = _connected_run("http://127.0.0.1:9")
    asyncio.run(step.price(str(run.pk)))
    run.refresh_from_db()
    assert run.price_due_at is not None
    assert run.price_due_at > timezone.now()
    assert run.price_tries == 1


def _connected_run(base_url: str) -> Run:
    organization = world.organization()
    connection = organization.twilio
    connection.account_sid = SETTINGS.account_sid
    connection.base_url = base_url
    connection.set_auth_token(SETTINGS.auth_token)
    connection.save()
    sender: Sender = world.sender(organization)
    run = world.run(
        world.campaign(organization, by=sender),
        prepared_at=timezone.now() - dt.timedelta(hours=2, minutes=30),
    )
    for number in (1, 2, 3):
        world.message(run, number)
    return run
