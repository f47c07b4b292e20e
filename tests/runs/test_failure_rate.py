"""A run whose texts fail too often stops by itself, and goes on when somebody lets it."""

from __future__ import annotations

import datetime as dt

import pytest

import world
from textmanager.gateway.outcomes import Refused
from textmanager.gateway.receipts import Receipt
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.runs.failure_rate import hold_if_failing
from textmanager.runs.holding import resume_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.claims import claim
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.track import TakenReceipt, apply_receipts
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def watchful(organization: Organization) -> Organization:
    """Holds a run of which half fail, once ten of its texts have an outcome."""
    organization.hold_failure_percent, organization.hold_failure_least = 50, 10
    organization.save()
    return organization


def texts(run: Run, first: int, **by_status: int) -> None:
    number = first
    for status, count in by_status.items():
        for _ in range(count):
            world.message(run, number, status=status)
            number += 1


def state_of(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def test_an_organization_is_watched_without_having_asked_for_it(organization: Organization) -> None:
    assert (organization.hold_failure_percent, organization.hold_failure_least) == (20, 50)


@pytest.mark.usefixtures("watchful")
@pytest.mark.parametrize(
    ("by_status", "holds"),
    [
        ({"failed": 5, "delivered": 5}, True),
        ({"undelivered": 3, "failed": 2, "sent": 5}, True),
        ({"failed": 4, "delivered": 6}, False),
        ({"failed": 9}, False),  # too few to tell
        ({"failed": 5, "delivered": 4, "accepted": 50}, False),  # nothing is known of those
        ({"error": 50, "skipped": 50, "delivered": 10}, False),  # never sent
    ],
    ids=str,
)
def test_what_holds_a_run_is_the_share_of_texts_that_failed(
    run: Run, by_status: dict[str, int], *, holds: bool
) -> None:
    texts(run, 0, **by_status)
    assert hold_if_failing(str(run.pk)) is holds
    assert state_of(run) == (RunState.HELD if holds else RunState.SENDING)


@pytest.mark.usefixtures("watchful")
def test_the_reason_says_how_many_failed(run: Run) -> None:
    texts(run, 0, failed=6, delivered=5)
    hold_if_failing(str(run.pk))
    run.refresh_from_db()
    assert "6 of the last 11 with an outcome, 54 %" in run.reason
    assert AuditEvent.objects.get(action="held").after["reason"] == run.reason


def test_an_organization_may_want_no_such_watch(watchful: Organization, run: Run) -> None:
    watchful.hold_failure_percent = 0
    watchful.save()
    texts(run, 0, failed=20)
    assert not hold_if_failing(str(run.pk))


def test_who_lets_it_go_on_is_not_stopped_by_the_same_failures(
    watchful: Organization, run: Run, alice: User
) -> None:
    texts(run, 0, failed=10)
    assert hold_if_failing(str(run.pk))
    resume_run(organization=watchful, run_id=run.pk, actor=alice)
    assert not hold_if_failing(str(run.pk))
    texts(run, 10, failed=5, delivered=4)
    assert not hold_if_failing(str(run.pk))
    texts(run, 20, failed=1)
    assert hold_if_failing(str(run.pk))


@pytest.mark.usefixtures("watchful")
@pytest.mark.parametrize("state", [RunState.COMPLETED, RunState.CANCELED, RunState.HELD])
def test_a_run_that_does_not_go_on_stays_as_it_is(run: Run, state: RunState) -> None:
    texts(run, 0, failed=10)
    Run.objects.update(state=state)
    assert not hold_if_failing(str(run.pk))
    assert state_of(run) == state


@pytest.mark.usefixtures("watchful")
def test_refusals_of_twilio_hold_the_run(
    run: Run, django_capture_on_commit_callbacks: object
) -> None:
    for number in range(10):
        world.message(run, number)
    claimed = claim(sender_id=run.sender_id, now=NOW).texts
    assert len(claimed) == 10
    outcomes = [(text, Refused(30500, "Internal error")) for text in claimed]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # a fixture
        record_outcomes(sender_id=run.sender_id, outcomes=outcomes, now=NOW)
    assert state_of(run) == RunState.HELD


@pytest.mark.usefixtures("watchful")
def test_receipts_hold_the_run(run: Run, django_capture_on_commit_callbacks: object) -> None:
    for number in range(10):
        world.message(run, number, status=MessageStatus.ACCEPTED, sid=f"SM{number:032x}")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # a fixture
        apply_receipts(
            [
                TakenReceipt(
                    run.organization_id,
                    Receipt(
                        reference=message.reference,
                        sid=message.sid,
                        status=MessageStatus.UNDELIVERED,
                        raw_status="undelivered",
                        error_code=30007,
                        error_text="",
                        to=message.to,
                        from_number="555010",
                        raw={},
                    ),
                    NOW,
                )
                for message in Message.objects.all()
            ]
        )
    assert state_of(run) == RunState.HELD
