"""Passes over single occurrences of a recurring campaign, and thinks better of it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible, locked
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

# Who wants to skip more than this wants to pause.
MOST_SKIPPED = 20


@transaction.atomic
def skip_occurrence(
    *, organization: Organization, campaign_id: int, occurrence: dt.datetime, actor: User
) -> Campaign:
    """The campaign does not run at `occurrence`; doing so twice is the same as once.

    The caller names the occurrence that the person saw, so that a second click skips no other.
    Raises NotPossible, Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    if campaign.is_one_time or campaign.state != CampaignState.ACTIVE:
        raise NotPossible("Only a run of an active recurring campaign can be skipped.")
    if occurrence in campaign.skipped:
        return campaign
    if not lies_ahead(campaign, occurrence):
        raise NotPossible("This run has begun already, or the schedule has changed since.")
    skipped = skipped_ahead(campaign)
    if len(skipped) >= MOST_SKIPPED:
        raise NotPossible(f"{MOST_SKIPPED} runs are skipped already. Pause the campaign instead.")
    campaign.skipped = sorted([*skipped, occurrence])
    _save(campaign, occurrence, actor, "skipped a run")
    return campaign


@transaction.atomic
def undo_skip(
    *, organization: Organization, campaign_id: int, occurrence: dt.datetime, actor: User
) -> Campaign:
    """The campaign runs at `occurrence` after all. Raises NotPossible, Campaign.DoesNotExist."""
    campaign = locked(organization, campaign_id)
    if occurrence not in campaign.skipped or occurrence <= timezone.now():
        raise NotPossible("The time of this run has passed, or it is not skipped any more.")
    campaign.skipped = [each for each in campaign.skipped if each != occurrence]
    _save(campaign, occurrence, actor, "took back a skip")
    return campaign


def skipped_ahead(campaign: Campaign) -> list[dt.datetime]:
    """The skips that still mean an occurrence; those of a schedule that was changed do not."""
    return [each for each in sorted(campaign.skipped) if lies_ahead(campaign, each)]


def lies_ahead(campaign: Campaign, occurrence: dt.datetime) -> bool:
    """Whether the campaign is to run at that very instant, and has not begun to."""
    if campaign.next_run_at is None or occurrence < campaign.next_run_at:
        return False
    just_before = occurrence - dt.timedelta(microseconds=1)
    return campaign.recurrence.next_after(just_before) == occurrence


def _save(campaign: Campaign, occurrence: dt.datetime, actor: User, action: str) -> None:
    campaign.save(update_fields=["skipped"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        action=action,
        subject=campaign,
        after={"occurrence": occurrence.isoformat()},
    )
