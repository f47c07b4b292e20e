"""Takes a one-time campaign off the schedule, so that it can be changed or given another time."""

from __future__ import annotations

from django.db import transaction

from textmanager.campaigns.duplicating import as_typed
from textmanager.campaigns.lifecycle import NotPossible, locked
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.runs.latest import has_sent_or_may_send


@transaction.atomic
def unschedule_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """Makes a campaign a draft again that has not begun, or whose run was missed.

    Never one that has texted somebody: sent anew, it would text the same people twice. Raises
    NotPossible, Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    if not campaign.is_one_time:
        raise NotPossible("A recurring campaign is paused rather than unscheduled.")
    if campaign.state == CampaignState.SENDING:
        raise NotPossible("This campaign has begun to send. Pause or cancel its run instead.")
    if not may_become_a_draft(campaign):
        raise NotPossible("This campaign has been sent. Duplicate it to text people once more.")
    before = campaign.state
    campaign.state, campaign.next_run_at = CampaignState.DRAFT, None
    campaign.typed = as_typed(campaign)
    campaign.save(update_fields=["state", "next_run_at", "typed"])
    audit.record(
        organization=organization,
        actor=actor,
        action="unscheduled",
        subject=campaign,
        before={"state": before},
    )
    return campaign


def may_become_a_draft(campaign: Campaign) -> bool:
    if campaign.state == CampaignState.SCHEDULED:
        return True
    return campaign.state == CampaignState.COMPLETED and not has_sent_or_may_send(campaign.pk)
