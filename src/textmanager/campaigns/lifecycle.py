"""What happens to a campaign as a whole: due, moved on, paused, resumed, deleted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from textmanager.campaigns.models import ApiMode, Campaign, CampaignKind, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

# Drafts, paused, ended and archived campaigns never start, whatever their other columns say.
STARTS_BY_ITSELF = (CampaignState.ACTIVE, CampaignState.SCHEDULED)

# What a calendar needs of a campaign.
OF_SCHEDULE = (
    "name",
    "kind",
    "state",
    "api_mode",
    "rrule",
    "start_date",
    "start_time",
    "time_zone",
    "next_run_at",
    "skipped",
)


class NotPossible(Exception):
    """What was asked for cannot be done now; the message says why, in words for staff."""


def lock_next_due(now: dt.datetime) -> Campaign | None:
    """The campaign that has been due longest, locked for the caller's transaction.

    Campaigns that another planner holds are passed over, so any number of planners may ask.
    """
    return (
        Campaign.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state__in=STARTS_BY_ITSELF, deleted_at=None, next_run_at__lte=now)
        .order_by("next_run_at")
        .first()
    )


def occurrences_due(campaign: Campaign, now: dt.datetime) -> list[dt.datetime]:
    """The occurrences from `next_run_at` up to now, oldest first; at least one."""
    if campaign.next_run_at is None:
        raise ValueError(f"Campaign {campaign.pk} has no next run.")
    if campaign.is_one_time:
        return [campaign.next_run_at]
    return [campaign.next_run_at, *campaign.recurrence.between(campaign.next_run_at, now)]


def move_on(campaign: Campaign, now: dt.datetime) -> None:
    """Leaves behind what is due by now, in the transaction that writes its run.

    A recurring campaign gets its first occurrence after now, and has ended without one. A
    one-time campaign is sending, and nothing is left that could start it again.
    """
    if campaign.is_one_time:
        campaign.next_run_at, campaign.state = None, CampaignState.SENDING
    else:
        campaign.next_run_at = campaign.recurrence.next_after(now)
        if campaign.next_run_at is None:
            campaign.state = CampaignState.ENDED
    campaign.skipped = [occurrence for occurrence in campaign.skipped if occurrence > now]
    campaign.save(update_fields=["next_run_at", "state", "skipped"])


def pause_unfollowable(campaign: Campaign, *, reason: str) -> None:
    """Pauses a locked campaign whose schedule cannot be followed, until somebody corrects it."""
    campaign.state = CampaignState.PAUSED
    campaign.save(update_fields=["state"])
    audit.record(
        organization=campaign.organization,
        actor=None,
        action="paused",
        subject=campaign,
        after={"reason": reason},
    )


def follow_runs(*, going_on: QuerySet[Any, Any]) -> int:
    """Completes the one-time campaigns that no run keeps any more; returns how many.

    `going_on` asks for the campaigns with an open run. A campaign whose run was let go on after
    its end is sending again. A campaign starts to send in one transaction with its run, so that
    none is completed before its run is seen; and one that dies half-way is made up for next time.
    """
    one_time = Campaign.objects.filter(kind=CampaignKind.ONE_TIME)
    one_time.filter(state=CampaignState.COMPLETED, pk__in=going_on).update(
        state=CampaignState.SENDING
    )
    return (
        one_time.filter(state=CampaignState.SENDING)
        .exclude(pk__in=going_on)
        .update(state=CampaignState.COMPLETED)
    )


def starting_by_themselves(organization: Organization) -> QuerySet[Campaign]:
    return Campaign.objects.filter(
        organization=organization, state__in=STARTS_BY_ITSELF, deleted_at=None
    )


def runnable_tests(organization: Organization) -> QuerySet[Campaign]:
    """Those in TEST mode that run, or may once they are finished: drafts last, the latest first."""
    over = (CampaignState.COMPLETED, CampaignState.ARCHIVED)
    return (
        Campaign.objects.filter(organization=organization, api_mode=ApiMode.TEST, deleted_at=None)
        .exclude(state__in=over)
        .annotate(is_draft=Q(state=CampaignState.DRAFT))
        .order_by("is_draft", "-updated_at", "-pk")
    )


def sure_to_be_held(organization: Organization) -> QuerySet[Campaign]:
    """The campaigns that start by themselves, with a sender from which nothing can leave."""
    is_unfit = Q(api_mode=ApiMode.LIVE) & ~Q(sender__unfit_because="")
    return starting_by_themselves(organization).filter(Q(sender__is_active=False) | is_unfit)


def starting_before(organization: Organization, until: dt.datetime) -> QuerySet[Campaign]:
    """The campaigns that are to start by themselves before an instant, with their schedules."""
    return starting_by_themselves(organization).filter(next_run_at__lt=until).only(*OF_SCHEDULE)


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
