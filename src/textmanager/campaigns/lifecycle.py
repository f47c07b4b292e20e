"""What happens to a campaign as a whole: due, moved on, paused, resumed, deleted."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User


class NotPossible(Exception):
    """What was asked for cannot be done now; the message says why, in words for staff."""


def lock_next_due(now: dt.datetime) -> Campaign | None:
    """The campaign that has been due longest, locked for the caller's transaction.

    Campaigns that another planner holds are passed over, so any number of planners may ask.
    """
    return (
        Campaign.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state=CampaignState.ACTIVE, deleted_at=None, next_run_at__lte=now)
        .order_by("next_run_at")
        .first()
    )


def occurrences_due(campaign: Campaign, now: dt.datetime) -> list[dt.datetime]:
    """The occurrences from `next_run_at` up to now, oldest first; at least one."""
    if campaign.next_run_at is None:
        raise ValueError(f"Campaign {campaign.pk} has no next run.")
    return [campaign.next_run_at, *campaign.recurrence.between(campaign.next_run_at, now)]


def move_on(campaign: Campaign, now: dt.datetime) -> None:
    """Sets `next_run_at` to the first occurrence after now; without one the campaign has ended."""
    campaign.next_run_at = campaign.recurrence.next_after(now)
    if campaign.next_run_at is None:
        campaign.state = CampaignState.ENDED
    campaign.save(update_fields=["next_run_at", "state"])


@transaction.atomic
def pause_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """No further occurrence starts until it is resumed. Raises NotPossible, Campaign.DoesNotExist.

    A run that has begun is not touched; `runs.holding.pause_campaign` pauses it too.
    """
    campaign = locked(organization, campaign_id)
    if campaign.state != CampaignState.ACTIVE:
        raise NotPossible("Only an active campaign can be paused.")
    campaign.state = CampaignState.PAUSED
    campaign.save(update_fields=["state"])
    audit.record(organization=organization, actor=actor, action="paused", subject=campaign)
    return campaign


@transaction.atomic
def resume_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """Goes on with the first occurrence from now; those that passed meanwhile do not run."""
    campaign = locked(organization, campaign_id)
    if campaign.state != CampaignState.PAUSED:
        raise NotPossible("Only a paused campaign can be resumed.")
    campaign.state = CampaignState.ACTIVE
    campaign.save(update_fields=["state"])
    move_on(campaign, timezone.now())
    audit.record(organization=organization, actor=actor, action="resumed", subject=campaign)
    return campaign


@transaction.atomic
def delete_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """Takes the campaign out of the list for good. Its runs stay, and a run in progress goes on."""
    campaign = locked(organization, campaign_id)
    campaign.deleted_at = timezone.now()
    campaign.next_run_at = None
    campaign.state = CampaignState.ARCHIVED
    campaign.save(update_fields=["deleted_at", "next_run_at", "state"])
    audit.record(organization=organization, actor=actor, action="deleted", subject=campaign)
    return campaign


def locked(organization: Organization, campaign_id: int) -> Campaign:
    """The organization's campaign, locked until the transaction ends. Raises DoesNotExist."""
    return Campaign.objects.select_for_update(of=("self",)).get(
        pk=campaign_id, organization=organization, deleted_at=None
    )
