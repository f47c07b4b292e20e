"""Begins runs: copies what the campaign says, and sets the preparation going."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns import lifecycle
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.connections import credentials_for_tests
from textmanager.organizations.models import Organization, User
from textmanager.organizations.senders import why_out_of_use
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.prepare import defer_prepare

# What a campaign says, copied into its run.
SAID = (
    "report_emails",
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "api_mode",
    "sender_id",
    "priority",
    "template",
    "empty_values",
    "days_between_texts",
    "useful_for_hours",
    "write_back",
)
# Two clicks on "Run now", or a reload of the answer to it, are one wish.
PAUSE_BETWEEN_RUNS_BY_HAND = dt.timedelta(seconds=60)


class StartedAlready(lifecycle.NotPossible):
    """A second run would text the people of `run` twice."""

    def __init__(self, words: str, run: Run) -> None:
        super().__init__(words)
        self.run = run


def record_run(
    *,
    campaign: Campaign,
    scheduled_for: dt.datetime,
    state: RunState = RunState.PREPARING,
    reason: str = "",
    started_by: User | None = None,
) -> Run | None:
    """Writes the run of one occurrence, or does nothing (None) when it has one already.

    The job that prepares it is deferred in the caller's transaction.
    """
    run, is_new = Run.objects.get_or_create(
        campaign=campaign,
        scheduled_for=scheduled_for,
        defaults={
            **{name: getattr(campaign, name) for name in SAID},
            "organization_id": campaign.organization_id,
            "campaign_name": campaign.name,
            "tested_with_twilio": campaign.is_test
            and credentials_for_tests(campaign.organization_id) is not None,
            "state": state,
            "reason": reason,
            "started_by": started_by,
        },
    )
    if not is_new:
        return None
    if state == RunState.PREPARING:
        defer_prepare(run.pk)
    return run


@transaction.atomic
def run_now(*, organization: Organization, campaign_id: int, actor: User) -> Run:
    """Begins a run at once: of a recurring campaign outside its schedule, which stays as it is.

    A scheduled one-time campaign is sent now in place of its moment. Raises what
    `refuse_to_start` does; Campaign.DoesNotExist.
    """
    campaign = lifecycle.locked(organization, campaign_id)
    now = timezone.now()
    refuse_to_start(campaign, now)
    if campaign.is_one_time:
        # Together with its run: nothing is left that the planner could start.
        lifecycle.move_on(campaign, now)
    run = record_run(campaign=campaign, scheduled_for=now, started_by=actor)
    if run is None:
        raise lifecycle.NotPossible("This campaign has just been started.")
    audit.record(organization=organization, actor=actor, action="ran by hand", subject=campaign)
    return run


def refuse_to_start(campaign: Campaign, now: dt.datetime) -> None:
    """Raises NotPossible for a campaign that no click may start now.

    StartedAlready while a run of it is going on or has just been started by hand. A retry is no
    such start: it takes texts of an earlier run, and is waited for as long as it goes on.
    """
    runs = campaign.runs.order_by("-created_at", "-pk")
    going_on = runs.filter(state__in=RunState.open()).first()
    if going_on is not None:
        raise StartedAlready(
            "Nothing was started: a run of this campaign is still going on. Wait for its end, or "
            "cancel it first.",
            going_on,
        )
    lately = runs.filter(
        started_by__isnull=False, retry_of=None, created_at__gt=now - PAUSE_BETWEEN_RUNS_BY_HAND
    ).first()
    if lately is not None:
        raise StartedAlready(
            "Nothing was started: this campaign was started by hand less than a minute ago, and "
            "the same people would be texted twice. Look at that run first; in a minute you can "
            "start another.",
            lately,
        )
    _refuse_to_begin(campaign)


def latest_run_of(campaign: Campaign) -> Run | None:
    """The run that began last, whatever became of it."""
    return campaign.runs.order_by("-created_at", "-pk").first()


def _refuse_to_begin(campaign: Campaign) -> None:
    """Raises NotPossible for a campaign that no click may start."""
    if campaign.state == CampaignState.DRAFT:
        raise lifecycle.NotPossible("Finish this draft and save it before it can run.")
    if campaign.state == CampaignState.ARCHIVED:
        raise lifecycle.NotPossible("Take this campaign out of the archive before it can run.")
    if campaign.is_one_time and campaign.state != CampaignState.SCHEDULED:
        raise lifecycle.NotPossible(
            "This campaign has run already. Duplicate it to text people once more."
        )
    if campaign.sender is not None and (why := why_out_of_use(campaign.sender)):
        raise lifecycle.NotPossible(
            f"{why} Choose another sender for this campaign, or let them under Settings, Twilio "
            "and senders."
        )
