"""Puts campaigns that are over out of sight, and back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible, locked
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.runs.latest import has_open_run

MAY_BE_ARCHIVED = (CampaignState.COMPLETED, CampaignState.PAUSED, CampaignState.ENDED)


@transaction.atomic
def archive_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """Takes a campaign that is over out of the list. Raises NotPossible, Campaign.DoesNotExist."""
    campaign = locked(organization, campaign_id)
    if campaign.state == CampaignState.DRAFT:
        raise NotPossible("A draft is deleted rather than archived.")
    if campaign.state == CampaignState.ACTIVE:
        raise NotPossible("This campaign still runs. Pause it before it is archived.")
    if campaign.state not in MAY_BE_ARCHIVED:
        raise NotPossible("Only a campaign that is completed, paused or ended can be archived.")
    if has_open_run(campaign.pk):
        raise NotPossible(
            "A run of this campaign is still going on. Wait for its end, or cancel it."
        )
    before = campaign.state
    campaign.state, campaign.archived_at = CampaignState.ARCHIVED, timezone.now()
    campaign.next_run_at, campaign.skipped = None, []
    campaign.save(update_fields=["state", "archived_at", "next_run_at", "skipped"])
    audit.record(
        organization=organization,
        actor=actor,
        action="archived",
        subject=campaign,
        before={"state": before},
    )
    return campaign


@transaction.atomic
def unarchive_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """Brings a campaign back into the list; nothing starts by that.

    A recurring campaign with occurrences ahead comes back paused. Raises NotPossible,
    Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    if campaign.state != CampaignState.ARCHIVED:
        raise NotPossible("This campaign is not in the archive.")
    campaign.state, campaign.archived_at = _state_outside(campaign), None
    campaign.save(update_fields=["state", "archived_at"])
    audit.record(
        organization=organization,
        actor=actor,
        action="unarchived",
        subject=campaign,
        after={"state": campaign.state},
    )
    return campaign


def _state_outside(campaign: Campaign) -> CampaignState:
    if campaign.is_one_time:
        return CampaignState.COMPLETED
    is_over = campaign.recurrence.next_after(timezone.now()) is None
    return CampaignState.ENDED if is_over else CampaignState.PAUSED
