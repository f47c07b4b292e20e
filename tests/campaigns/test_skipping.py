"""One occurrence is passed over, no other; and there is a way back until its time has come."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.campaigns.skipping import MOST_SKIPPED, skip_occurrence, undo_skip
from textmanager.organizations.models import AuditEvent, User

# Every day at 9:00 AM Eastern.
NEXT = dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NOW = NEXT - dt.timedelta(hours=3)


@pytest.fixture
def active(campaign: Campaign) -> Campaign:
    Campaign.objects.update(next_run_at=NEXT)
    campaign.refresh_from_db()
    return campaign


def skip(campaign: Campaign, occurrence: dt.datetime, actor: User) -> Campaign:
    return skip_occurrence(
        organization=campaign.organization,
        campaign_id=campaign.pk,
        occurrence=occurrence,
        actor=actor,
    )


def undo(campaign: Campaign, occurrence: dt.datetime, actor: User) -> Campaign:
    return undo_skip(
        organization=campaign.organization,
        campaign_id=campaign.pk,
        occurrence=occurrence,
        actor=actor,
    )


def test_the_same_click_twice_skips_one_occurrence(active: Campaign, alice: User) -> None:
    skip(active, NEXT, alice)
    twice = skip(active, NEXT, alice)
    assert twice.skipped == [NEXT]
    assert twice.next_run == NEXT + DAY
    assert AuditEvent.objects.filter(action="skipped a run").count() == 1


def test_several_are_skipped_and_each_is_taken_back_by_itself(
    active: Campaign, alice: User
) -> None:
    skip(active, NEXT + DAY, alice)
    assert skip(active, NEXT, alice).next_run == NEXT + 2 * DAY
    with time_machine.travel(NOW):
        assert undo(active, NEXT, alice).next_run == NEXT
    active.refresh_from_db()
    assert active.skipped == [NEXT + DAY]


@pytest.mark.parametrize(
    "occurrence", [NEXT - DAY, NEXT + dt.timedelta(minutes=1), NEXT + dt.timedelta(hours=12)]
)
def test_only_an_occurrence_that_lies_ahead_is_skipped(
    active: Campaign, alice: User, occurrence: dt.datetime
) -> None:
    with pytest.raises(NotPossible, match="begun already"):
        skip(active, occurrence, alice)


@pytest.mark.parametrize(
    "values",
    [
        {"state": CampaignState.PAUSED},
        {"state": CampaignState.ENDED},
        {"kind": CampaignKind.ONE_TIME, "state": CampaignState.SCHEDULED},
    ],
)
def test_only_active_recurring_campaigns_skip(
    active: Campaign, alice: User, values: dict[str, str]
) -> None:
    Campaign.objects.update(**values)
    with pytest.raises(NotPossible):
        skip(active, NEXT, alice)


def test_nobody_skips_without_end(active: Campaign, alice: User) -> None:
    for number in range(MOST_SKIPPED):
        skip(active, NEXT + number * DAY, alice)
    with pytest.raises(NotPossible, match="Pause the campaign"):
        skip(active, NEXT + MOST_SKIPPED * DAY, alice)


def test_what_has_passed_is_not_taken_back(active: Campaign, alice: User) -> None:
    skip(active, NEXT, alice)
    with time_machine.travel(NEXT + dt.timedelta(seconds=1)), pytest.raises(NotPossible):
        undo(active, NEXT, alice)


def test_a_skip_outlives_a_pause(active: Campaign, alice: User, page: Client) -> None:
    skip(active, NEXT, alice)
    with time_machine.travel(NOW):
        page.post(f"/campaigns/{active.pk}/pause/")
        page.post(f"/campaigns/{active.pk}/resume/")
    active.refresh_from_db()
    assert (active.next_run_at, active.next_run) == (NEXT, NEXT + DAY)


def test_a_changed_schedule_forgets_the_skips_that_mean_nothing_any_more(
    active: Campaign, alice: User, page: Client
) -> None:
    skip(active, NEXT, alice)
    later = NEXT + dt.timedelta(hours=2)
    Campaign.objects.update(start_time=dt.time(11), next_run_at=later)
    assert "Skips" not in page.get("/campaigns/").content.decode()
    assert skip(active, later, alice).skipped == [later]
