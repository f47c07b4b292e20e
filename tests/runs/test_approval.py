"""A second person: who is asked above which number of texts, and who that may be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations import audit
from textmanager.organizations.models import AuditEvent, Membership, Organization, Role, User
from textmanager.runs.approval import approval_of
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.prepare import finish_preparation
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
LIMIT = 3


@pytest.fixture
def asking(organization: Organization) -> Organization:
    organization.approve_above = LIMIT
    organization.save()
    return organization


@pytest.fixture
def preparing(asking: Organization, campaign: Campaign, alice: User) -> Run:
    """Of a campaign that alice has saved."""
    audit.record(
        organization=asking,
        actor=alice,
        action="changed",
        subject=campaign,
        after={"template": campaign.template},
    )
    return world.run(campaign, state=RunState.PREPARING, prepared_at=None)


@pytest.fixture
def dora(organization: Organization) -> User:
    """Approver of the organization."""
    return world.person("dora", organization, Role.APPROVER)


def prepared(run: Run, texts: int) -> Run:
    """The run with so many texts to send, and one that is not sent."""
    for number in range(1, texts + 1):
        status = MessageStatus.HELD if number == 1 else MessageStatus.QUEUED
        world.message(run, number, status=status)
    world.message(run, 99, status=MessageStatus.SKIPPED)
    finish_preparation(run_id=str(run.pk), now=NOW)
    run.refresh_from_db()
    return run


def press(client: Client, person: User, run: Run, button: str = "approve") -> Any:
    client.force_login(person)
    return client.post(f"/runs/{run.pk}/{button}/", follow=True)


@pytest.mark.parametrize(
    ("texts", "state"), [(LIMIT, RunState.SENDING), (LIMIT + 1, RunState.HELD)]
)
def test_the_limit_itself_needs_nobody_and_one_text_more_does(
    preparing: Run, texts: int, state: str
) -> None:
    run = prepared(preparing, texts)
    assert run.state == state
    assert run.needs_approval is (state == RunState.HELD)
    assert ("waits for approval by a second person" in run.reason) is (state == RunState.HELD)


def test_nobody_is_asked_unless_the_organization_says_so(preparing: Run) -> None:
    Organization.objects.update(approve_above=None)
    assert prepared(preparing, LIMIT + 1).state == RunState.SENDING


def test_a_rehearsal_needs_nobody(preparing: Run) -> None:
    Run.objects.update(api_mode="test")
    assert prepared(preparing, LIMIT + 1).state == RunState.SENDING


def test_a_second_person_lets_it_go_and_that_is_kept(
    preparing: Run, dora: User, client: Client
) -> None:
    run = prepared(preparing, LIMIT + 1)
    answer = press(client, dora, run)
    assert "You have approved the run" in answer.content.decode()
    run.refresh_from_db()
    assert (run.state, run.approved_by, run.reason) == (RunState.SENDING, dora, "")
    event = AuditEvent.objects.get(action="approved")
    assert (event.actor, event.after) == (dora, {"texts": LIMIT + 1})


def test_who_saved_the_campaign_last_cannot_be_the_second_person(
    preparing: Run, alice: User, dora: User, client: Client
) -> None:
    run = prepared(preparing, LIMIT + 1)
    assert "somebody else has to approve" in press(client, alice, run).content.decode()
    run.refresh_from_db()
    assert (run.state, run.approved_at) == (RunState.HELD, None)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "May approve: dora." in page
    assert "/approve/" not in page


def test_who_started_it_cannot_be_the_second_person(
    preparing: Run, dora: User, client: Client
) -> None:
    Run.objects.update(started_by=dora)
    run = prepared(preparing, LIMIT + 1)
    assert "somebody else has to approve" in press(client, dora, run).content.decode()
    assert Run.objects.get().state == RunState.HELD


def test_a_colleague_who_skips_a_run_has_not_saved_the_campaign(
    preparing: Run, campaign: Campaign, alice: User, dora: User, client: Client
) -> None:
    audit.record(
        organization=preparing.organization,
        actor=dora,
        action="skipped a run",
        subject=campaign,
        after={"occurrence": "2026-12-01T15:00:00+00:00"},
    )
    Run.objects.update(created_at=timezone.now())
    run = prepared(preparing, LIMIT + 1)
    press(client, alice, run)
    assert Run.objects.get().approved_by is None, "alice saved it, so she is its first person."


def test_what_is_saved_after_it_began_is_not_in_it(
    preparing: Run, campaign: Campaign, alice: User, dora: User, client: Client
) -> None:
    run = prepared(preparing, LIMIT + 1)
    audit.record(
        organization=run.organization,
        actor=dora,
        action="changed",
        subject=campaign,
        after={"template": "Another"},
    )
    press(client, dora, run)
    assert Run.objects.get().approved_by == dora


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUTHOR])
def test_viewers_and_authors_may_not_approve(preparing: Run, role: Role, client: Client) -> None:
    run = prepared(preparing, LIMIT + 1)
    eve = world.person("eve", run.organization, role)
    assert press(client, eve, run).status_code == 403
    assert Run.objects.get().approved_at is None
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "Only approvers and administrators may approve" in page


def test_a_stranger_finds_nothing_to_approve(preparing: Run, charlie: User, client: Client) -> None:
    run = prepared(preparing, LIMIT + 1)
    assert press(client, charlie, run).status_code == 404
    assert Run.objects.get().approved_at is None


def test_nobody_gets_round_it_by_resuming(preparing: Run, alice: User, client: Client) -> None:
    run = prepared(preparing, LIMIT + 1)
    answer = press(client, alice, run, "resume")
    assert "waits until a second person approves it" in answer.content.decode()
    assert Run.objects.get().state == RunState.HELD
    assert "/resume/" not in answer.content.decode()


def test_an_approved_run_is_paused_and_resumed_as_any_other(
    preparing: Run, alice: User, dora: User, client: Client
) -> None:
    run = prepared(preparing, LIMIT + 1)
    press(client, dora, run)
    press(client, alice, run, "pause")
    press(client, alice, run, "resume")
    assert Run.objects.get().state == RunState.SENDING


def test_where_nobody_is_asked_any_more_the_run_is_resumed(
    preparing: Run, alice: User, client: Client
) -> None:
    run = prepared(preparing, LIMIT + 1)
    Organization.objects.update(approve_above=None)
    press(client, alice, run, "resume")
    assert Run.objects.get().state == RunState.SENDING


def test_a_surprising_audience_is_told_beside_the_second_person(
    preparing: Run, campaign: Campaign
) -> None:
    world.run(
        campaign,
        state=RunState.COMPLETED,
        contacts=1,
        scheduled_for=NOW - dt.timedelta(days=1),
        created_at=NOW - dt.timedelta(days=1),
    )
    Organization.objects.update(unusual_times=2, unusual_least=1)
    Run.objects.filter(pk=preparing.pk).update(next_offset=5)
    run = prepared(preparing, LIMIT + 1)
    assert "usually it returns about 1" in run.reason
    assert "waits for approval" in run.reason


def test_those_who_may_approve_are_mailed_and_nobody_else(
    preparing: Run, bob: User, dora: User, django_capture_on_commit_callbacks: Any
) -> None:
    for membership in Membership.objects.select_related("user"):
        membership.email = f"{membership.user.username}@example.org"
        membership.save()
    with django_capture_on_commit_callbacks(execute=True):
        run = prepared(preparing, LIMIT + 1)
    (sent,) = mail.outbox
    assert sent.to == ["dora@example.org"], "alice saved the campaign, and bob only looks."
    assert str(run.pk) in sent.body
    assert "4 texts" in sent.body


def test_where_no_address_is_known_those_are_mailed_who_are_told_of_troubles(
    preparing: Run, dora: User, django_capture_on_commit_callbacks: Any
) -> None:
    Organization.objects.update(alert_emails=["office@example.org"])
    with django_capture_on_commit_callbacks(execute=True):
        prepared(preparing, LIMIT + 1)
    assert [sent.to for sent in mail.outbox] == [["office@example.org"]]


def test_who_may_approve_is_told_by_two_questions(
    preparing: Run, dora: User, django_assert_num_queries: Any
) -> None:
    run = prepared(preparing, LIMIT + 1)
    run = Run.objects.select_related("organization", "campaign").get(pk=run.pk)
    membership = dora.memberships.get()
    with django_assert_num_queries(2):
        told = approval_of(run, membership)
    assert told.may_approve
