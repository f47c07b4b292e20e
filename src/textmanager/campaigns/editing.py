"""Creates and changes campaigns from what the form holds."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible, locked
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.campaigns.scheduling import NO_DATE_AHEAD, NOW, PASSED, moment_of
from textmanager.campaigns.skipping import lies_ahead
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

SAVED_FIELDS = (
    "name",
    "report_emails",
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "days_between_texts",
    "sender",
    "priority",
    "api_mode",
    "template",
    "empty_values",
    "write_back",
    "rrule",
    "start_date",
    "start_time",
    "time_zone",
    "catch_up",
    "catch_up_hours",
    "useful_for_hours",
)
# What the trail calls the giving of values to a campaign; a skip or a pause gives it none.
SAVING = ("created", "changed")
_START = frozenset({"start_date", "start_time", "time_zone", "rrule"})
# A one-time campaign in these has begun, or is over: its run has its own copy of what it said.
BEGUN = frozenset({CampaignState.SENDING, CampaignState.COMPLETED, CampaignState.ARCHIVED})


class EditedMeanwhile(NotPossible):
    """Somebody else saved the campaign after this form was opened."""


class SavedAlready(NotPossible):
    """This form has made its campaign already; what it holds now is something else."""


class HasBegun(NotPossible):
    """The campaign is being sent or is over, and cannot be changed any more."""


@transaction.atomic
def create_campaign(
    *,
    organization: Organization,
    actor: User,
    values: dict[str, Any],
    kind: str = CampaignKind.RECURRING,
    form_id: uuid.UUID | None = None,
) -> Campaign:
    """A new campaign: recurring ones are active, one-time ones scheduled, or due at once.

    `values` are the form's cleaned ones. The same `form_id` twice is one campaign: the second
    time it is only looked up, and SavedAlready raised when it says something else or was deleted.
    Raises NotPossible when no occurrence lies ahead.
    """
    campaign, is_new = claim_form(organization, actor, kind, form_id)
    if not is_new and campaign.state != CampaignState.DRAFT:
        _refuse_other_values(campaign, values)
        return campaign
    _fill(campaign, values)
    campaign.save()
    _forget_typed(campaign, actor)
    audit.record(
        organization=organization,
        actor=actor,
        action="created",
        subject=campaign,
        after=_described(campaign),
    )
    return campaign


def _refuse_other_values(campaign: Campaign, values: dict[str, Any]) -> None:
    """Raises SavedAlready when a form comes again that says what its campaign does not say."""
    if campaign.deleted_at is not None:
        raise SavedAlready(
            f"“{campaign.name}”, which this form had made, was deleted. Nothing was saved now."
        )
    # Sent now, its start is the moment of saving, which no second press has again.
    at_once = values.get("when") == NOW
    said = [n for n in SAVED_FIELDS if n in values and not (at_once and n in _START)]
    if any(getattr(campaign, name) != values[name] for name in said):
        raise SavedAlready(
            f"This form was saved already, as “{campaign.name}”. Nothing was saved now: open that "
            "campaign from the list to change it."
        )


def claim_form(
    organization: Organization, actor: User, kind: str, form_id: uuid.UUID | None
) -> tuple[Campaign, bool]:
    """The one campaign of a form, locked, and whether it is new; then it is an empty draft.

    Two requests of one form at once wait for each other at the unique `form_id`.
    """
    if form_id is None:
        return Campaign(organization=organization, kind=kind, created_by=actor), True
    _, is_new = Campaign.objects.get_or_create(
        form_id=form_id,
        organization=organization,
        defaults={"kind": kind, "created_by": actor, "time_zone": organization.time_zone},
    )
    campaign = Campaign.objects.select_for_update(of=("self",)).get(
        form_id=form_id, organization=organization
    )
    return campaign, is_new


@transaction.atomic
def update_campaign(
    *, organization: Organization, actor: User, campaign_id: int, values: dict[str, Any]
) -> Campaign:
    """Changes a campaign from its next occurrence on; a run that has begun is not touched.

    A draft becomes a campaign by this. Raises EditedMeanwhile when `values["version"]` is not the
    present one, HasBegun for a one-time campaign that is under way or over, NotPossible when no
    occurrence lies ahead, Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    refuse_begun(campaign)
    if values.get("version") != campaign.version:
        raise EditedMeanwhile(
            "Somebody else has saved this campaign since you opened it. Your changes are still "
            "below, and what differs is listed here. Save again to overwrite."
        )
    before = _described(campaign)
    was_draft = campaign.state == CampaignState.DRAFT
    _fill(campaign, values)
    campaign.version += 1
    campaign.updated_at = timezone.now()
    campaign.save()
    _forget_typed(campaign, actor)
    audit.record(
        organization=organization,
        actor=actor,
        action="created" if was_draft else "changed",
        subject=campaign,
        before={} if was_draft else before,
        after=_described(campaign),
    )
    return campaign


def refuse_begun(campaign: Campaign) -> None:
    """Raises HasBegun for a one-time campaign that cannot be changed any more."""
    if campaign.kind == CampaignKind.ONE_TIME and campaign.state in BEGUN:
        raise HasBegun(
            f"“{campaign.name}” has begun and cannot be changed any more. Make a copy of it to "
            "send something like it."
        )


def _fill(campaign: Campaign, values: dict[str, Any]) -> None:
    due = _due(campaign, timezone.now())
    for name in SAVED_FIELDS:
        if name in values:
            setattr(campaign, name, values[name])
    campaign.typed = {}
    if campaign.kind == CampaignKind.ONE_TIME:
        _schedule_once(campaign, values, timezone.now())
        return
    if campaign.state in (CampaignState.DRAFT, CampaignState.ENDED):
        campaign.state = CampaignState.ACTIVE
    if due is not None and lies_ahead(campaign, due):
        # It runs as the campaign is from now on.
        return
    campaign.next_run_at = campaign.recurrence.next_after(timezone.now())
    if campaign.next_run_at is None:
        raise NotPossible(NO_DATE_AHEAD)


def _due(campaign: Campaign, now: dt.datetime) -> dt.datetime | None:
    """The occurrence whose time has come, while no planner has come to it; None without one."""
    coming = campaign.next_run_at
    is_due = campaign.state == CampaignState.ACTIVE and coming is not None and coming <= now
    return coming if is_due else None


def _schedule_once(campaign: Campaign, values: dict[str, Any], now: dt.datetime) -> None:
    moment = moment_of(values, now)
    if moment < now:
        raise NotPossible(PASSED)
    local = moment.astimezone(ZoneInfo(values["time_zone"]))
    if values.get("when") == NOW:
        campaign.start_date = local.date()
        campaign.start_time = local.time().replace(microsecond=0)
    campaign.rrule = ""
    campaign.state = CampaignState.SCHEDULED
    campaign.next_run_at = moment


def _forget_typed(campaign: Campaign, actor: User) -> None:
    campaign.open_forms.filter(user=actor).delete()


def _described(campaign: Campaign) -> dict[str, Any]:
    described = {name: getattr(campaign, name) for name in SAVED_FIELDS}
    return {
        name: value if isinstance(value, int | list) else str(value)
        for name, value in described.items()
    }
