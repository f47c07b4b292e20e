"""Failed texts are tried again once, in a run of their own."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

import world
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign
from textmanager.organizations.audit import record
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.approval import approve_run
from textmanager.runs.beginning import run_now
from textmanager.runs.figures import figures_of
from textmanager.runs.history import usual_contacts
from textmanager.runs.holding import resume_run
from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.runs.pipeline.follow_up import prepare_follow_up, take_page
from textmanager.runs.retrying import retriable, try_again, worth_another_try
from textmanager.text.statuses import MessageStatus

PASSING, FOR_GOOD = 30008, 30006


@pytest.fixture
def failed(run: Run) -> Run:
    """Completed, with two texts that may succeed another time and many that must not go again."""
    world.message(run, 0, status="undelivered", error_code=PASSING, segments=2)
    world.message(run, 1, status="failed", error_code=30001)
    world.message(run, 2, status="undelivered", error_code=FOR_GOOD)
    world.message(run, 3, status="failed", error_code=21610)
    world.message(run, 4, status="undelivered", error_code=30410)  # it may have arrived
    world.message(run, 5, status="unconfirmed", reason="unclear")
    world.message(run, 6, status="delivered", error_code=20429)
    world.message(run, 7, status="failed", error_code=99999)
    Run.objects.update(state=RunState.COMPLETED, contacts=8)
    run.refresh_from_db()
    return run


def follow_up_of(run: Run, by: User) -> Run:
    follow_up = try_again(organization=run.organization, run_id=run.pk, actor=by)
    assert prepare_follow_up(str(follow_up.pk))
    follow_up.refresh_from_db()
    return follow_up


def test_only_what_failed_for_a_passing_reason_is_tried_again(failed: Run, alice: User) -> None:
    assert worth_another_try(failed, figures_of(failed)) == 2
    assert (retriable(failed).texts, retriable(failed).segments) == (2, 3)
    follow_up = follow_up_of(failed, alice)
    texts = Message.objects.filter(run=follow_up).order_by("number")
    assert [(text.to, text.status, text.body) for text in texts] == [
        ("+12025550100", "queued", "Hello Ann"),
        ("+12025550101", "queued", "Hello Ann"),
    ]
    assert (follow_up.state, follow_up.contacts) == (RunState.SENDING, 2)
    assert follow_up.retry_of == failed


def test_a_campaign_may_run_as_soon_as_a_second_try_is_over(failed: Run, alice: User) -> None:
    follow_up = follow_up_of(failed, alice)
    of = {"organization": failed.organization, "campaign_id": failed.campaign_id, "actor": alice}
    with pytest.raises(NotPossible, match="still going on"):
        run_now(**of)
    Run.objects.filter(pk=follow_up.pk).update(state=RunState.COMPLETED)
    assert run_now(**of).retry_of is None
    assert Run.objects.count() == 3


def test_a_second_try_above_the_limit_waits_for_a_second_person(failed: Run, alice: User) -> None:
    Organization.objects.update(approve_above=1)
    follow_up = follow_up_of(failed, alice)
    assert (follow_up.state, follow_up.needs_approval) == (RunState.HELD, True)
    with pytest.raises(NotPossible, match="second person"):
        resume_run(organization=failed.organization, run_id=follow_up.pk, actor=alice)


def test_a_second_try_within_the_limit_waits_for_nobody(failed: Run, alice: User) -> None:
    Organization.objects.update(approve_above=2)
    assert follow_up_of(failed, alice).state == RunState.SENDING


def test_who_saved_what_a_second_try_says_cannot_approve_it(
    failed: Run, campaign: Campaign, alice: User, bob: User
) -> None:
    """Not even when somebody else has saved the campaign since, and pressed the button."""
    Organization.objects.update(approve_above=1)
    for saver in (alice, bob):
        record(
            organization=failed.organization,
            actor=saver,
            action="changed",
            subject=campaign,
            after={"template": "Hello"},
        )
        if saver == alice:
            Run.objects.update(created_at=timezone.now())
    follow_up = follow_up_of(failed, bob)
    membership = alice.memberships.get(organization=failed.organization)
    with pytest.raises(NotPossible, match="somebody else has to approve"):
        approve_run(run_id=follow_up.pk, membership=membership)


def test_the_failed_texts_keep_their_status(failed: Run, alice: User) -> None:
    follow_up = follow_up_of(failed, alice)
    kept = Message.objects.get(run=failed, number=0)
    assert (kept.status, kept.retried_in) == (MessageStatus.UNDELIVERED, follow_up.pk)


def test_nothing_is_tried_again_twice(failed: Run, alice: User) -> None:
    follow_up_of(failed, alice)
    assert worth_another_try(failed, figures_of(failed)) == 0
    with pytest.raises(NotPossible, match="tried again already"):
        try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
    Run.objects.update(state=RunState.COMPLETED)
    with pytest.raises(NotPossible, match="No text of this run is left"):
        try_again(organization=failed.organization, run_id=failed.pk, actor=alice)


def test_a_text_that_fails_later_gets_its_own_try(failed: Run, alice: User) -> None:
    follow_up_of(failed, alice)
    Run.objects.update(state=RunState.COMPLETED)
    world.message(failed, 8, status="undelivered", error_code=PASSING)
    assert worth_another_try(failed, figures_of(failed)) == 1
    second = follow_up_of(failed, alice)
    assert list(Message.objects.filter(run=second).values_list("imis_id", flat=True)) == ["10009"]


def test_a_try_that_fails_can_be_tried_again_itself(failed: Run, alice: User) -> None:
    follow_up = follow_up_of(failed, alice)
    Run.objects.update(state=RunState.COMPLETED)
    Message.objects.filter(run=follow_up, number=0).update(status="failed", error_code=PASSING)
    follow_up.refresh_from_db()
    assert worth_another_try(follow_up, figures_of(follow_up)) == 1
    assert follow_up_of(follow_up, alice).retry_of == follow_up


def test_who_opted_out_meanwhile_is_left_out(failed: Run, alice: User) -> None:
    record_opt_out(
        organization_id=failed.organization_id, number="+12025550100", source=OptOutSource.REPLY
    )
    follow_up = follow_up_of(failed, alice)
    left_out = Message.objects.get(run=follow_up, to="+12025550100")
    assert (left_out.status, left_out.reason) == ("skipped", "opted_out")


def test_who_got_a_newer_text_of_the_campaign_is_left_out(
    failed: Run, campaign: Campaign, alice: User
) -> None:
    newer = world.run(campaign, scheduled_for=timezone.now())
    world.message(newer, 0, to="+12025550101", status="delivered")
    follow_up = follow_up_of(failed, alice)
    left_out = Message.objects.get(run=follow_up, to="+12025550101")
    assert (left_out.status, left_out.reason) == ("skipped", "texted_recently")


def test_texting_hours_hold_a_text_that_is_tried_again(failed: Run, alice: User) -> None:
    hour = timezone.now().astimezone(failed.organization.zone).hour
    Organization.objects.filter(pk=failed.organization_id).update(
        texting_opens=dt.time((hour + 2) % 24), texting_closes=dt.time((hour + 3) % 24)
    )
    Message.objects.update(time_zones=[failed.organization.time_zone])
    follow_up = follow_up_of(failed, alice)
    assert set(
        Message.objects.filter(run=follow_up).values_list("status", "reason").distinct()
    ) == {("held", "quiet_hours")}


def test_it_is_written_to_imis_as_the_first_try_would_have_been(failed: Run, alice: User) -> None:
    Message.objects.filter(number=0).update(write_back=WriteBack.WAITING)
    follow_up = follow_up_of(failed, alice)
    texts = Message.objects.filter(run=follow_up).order_by("number")
    assert [text.write_back for text in texts] == [WriteBack.WAITING, WriteBack.NONE]


def test_a_worker_that_dies_half_way_takes_each_text_once(failed: Run, alice: User) -> None:
    follow_up = try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
    now = timezone.now()
    assert take_page(follow_up.pk, now=now)
    assert not take_page(follow_up.pk, now=now)
    assert not take_page(follow_up.pk, now=now)
    assert Message.objects.filter(run=follow_up).count() == 2


@pytest.mark.parametrize("state", [s for s in RunState if s != RunState.COMPLETED])
def test_a_run_that_is_not_completed_is_not_tried_again(
    failed: Run, alice: User, state: RunState
) -> None:
    Run.objects.update(state=state)
    with pytest.raises(NotPossible):
        try_again(organization=failed.organization, run_id=failed.pk, actor=alice)


@pytest.mark.parametrize("minutes_left", [-1, 59])
def test_a_text_that_is_of_no_use_any_more_is_not_tried_again(
    failed: Run, alice: User, minutes_left: int
) -> None:
    """Nor one that would be within the hour: a run knows whole hours alone."""
    failed.useful_for_hours = 2
    failed.scheduled_for = timezone.now() - dt.timedelta(minutes=120 - minutes_left)
    failed.save()
    with pytest.raises(NotPossible, match="of no use any more"):
        try_again(organization=failed.organization, run_id=failed.pk, actor=alice)


def test_a_text_is_useful_no_longer_for_being_tried_again(failed: Run, alice: User) -> None:
    failed.useful_for_hours = 12
    failed.scheduled_for = timezone.now() - dt.timedelta(hours=8, minutes=30)
    failed.save()
    again = try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
    assert again.useful_for_hours == 3
    assert failed.useful_until is not None
    assert again.useful_until is not None
    assert again.useful_until <= failed.useful_until


def test_the_audit_trail_tells_who_tried_what_again(failed: Run, alice: User) -> None:
    follow_up = try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
    event = AuditEvent.objects.get(action="tried again")
    assert event.actor == alice
    assert event.after == {"words": "2 texts, 3 segments", "run": str(follow_up.pk)}


def test_a_stranger_tries_nothing_again(failed: Run, charlie: User) -> None:
    theirs = Organization.objects.get(cloud_id="other")
    with pytest.raises(Run.DoesNotExist):
        try_again(organization=theirs, run_id=failed.pk, actor=charlie)


def test_the_usual_size_of_an_audience_is_not_that_of_a_second_try(
    failed: Run, alice: User
) -> None:
    follow_up_of(failed, alice)
    Run.objects.update(state=RunState.COMPLETED)
    assert usual_contacts(campaign_id=failed.campaign_id, before=timezone.now()) == 8


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_begin_one_run(failed: Run, alice: User) -> None:
    together = threading.Barrier(2)
    begun: list[uuid.UUID] = []
    refused: list[str] = []

    def click() -> None:
        try:
            together.wait(timeout=10)
            run = try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
            begun.append(run.pk)
        except NotPossible as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join(timeout=20)
    assert (len(begun), len(refused)) == (1, 1)
    assert Run.objects.filter(retry_of=failed).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_each_text_once(failed: Run, alice: User) -> None:
    follow_up = try_again(organization=failed.organization, run_id=failed.pk, actor=alice)
    together = threading.Barrier(2)

    def work() -> None:
        together.wait(timeout=10)
        prepare_follow_up(str(follow_up.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(timeout=20)
    assert Message.objects.filter(run=follow_up).count() == 2
