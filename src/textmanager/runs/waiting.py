"""Runs whose iMIS failed wait, and go on by themselves when it works again, if not too late."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from textmanager.campaigns.models import CampaignState, CatchUp
from textmanager.organizations.connections import imis_works_since
from textmanager.organizations.templatetags.times import in_zone
from textmanager.runs.holding import hold_run, let_go_on
from textmanager.runs.models import Run, RunState

# A campaign that skips what it missed still takes a start that is late by so much.
STILL_ON_TIME = dt.timedelta(minutes=10)


def wait_for_imis(*, run_id: uuid.UUID | str, reason: str, now: dt.datetime) -> None:
    """Holds a run until iMIS works again, and tells people until when that helps by itself."""
    run = Run.objects.select_related("campaign").get(pk=run_id)
    until = in_zone(goes_on_until(run), run.campaign.time_zone)
    hold_run(
        run_id=run_id,
        reason=f"{reason} The run goes on by itself if iMIS works again before {until}; after "
        "that it waits for you.",
        waits_for_imis_since=now,
    )


def goes_on_until(run: Run) -> dt.datetime:
    """As late as the campaign lets a missed occurrence run."""
    campaign = run.campaign
    late = dt.timedelta(hours=campaign.catch_up_hours)
    allowed = late if campaign.catch_up == CatchUp.RUN_LATE else STILL_ON_TIME
    return run.scheduled_for + max(allowed, STILL_ON_TIME)


def take_up_what_waited_for_imis(*, now: dt.datetime) -> int:
    """Lets the runs go on whose iMIS has answered since they were held; returns how many."""
    waiting = Run.objects.filter(state=RunState.HELD, waits_for_imis_since__isnull=False)
    return sum(_take_up(run_id, now) for run_id in waiting.values_list("pk", flat=True))


@transaction.atomic
def _take_up(run_id: uuid.UUID, now: dt.datetime) -> bool:
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=run_id)
    )
    # Its campaign is read after the run was waited for: it may have been paused meanwhile.
    since = run.waits_for_imis_since
    if run.state != RunState.HELD or since is None:
        return False
    if not imis_works_since(run.organization_id, since):
        return False
    objection = _objection(run, now)
    if objection:
        run.reason, run.waits_for_imis_since = objection, None
        run.save(update_fields=["reason", "waits_for_imis_since"])
        return False
    let_go_on(run, actor=None)
    return True


def hold_if_overtaken(run_id: uuid.UUID | str) -> bool:
    """Holds a run whose preparation failed until the campaign's next run had begun."""
    run = Run.objects.get(pk=run_id)
    if run.state != RunState.PREPARING or run.retry_of_id is not None:
        return False
    why = _overtaken(run)
    return bool(why) and hold_run(run_id=run_id, reason=f"The audience could not be read. {why}")


def _objection(run: Run, now: dt.datetime) -> str:
    """Why a person has to decide although iMIS works again; empty when nobody has to."""
    if run.campaign.deleted_at is not None or run.campaign.state == CampaignState.PAUSED:
        return (
            "iMIS works again, but the campaign was paused or deleted meanwhile. Resume this run, "
            "or cancel it."
        )
    why = _overtaken(run) or _late(run, now)
    return f"iMIS works again. {why}" if why else ""


def _overtaken(run: Run) -> str:
    """As after downtime, only the latest occurrence goes on: most of its people are the same."""
    later = Run.objects.filter(
        campaign_id=run.campaign_id,
        api_mode=run.api_mode,
        scheduled_for__gt=run.scheduled_for,
        retry_of=None,
    ).exclude(state__in=[RunState.MISSED, RunState.SKIPPED])
    if not later.exists():
        return ""
    return (
        "A later run of this campaign has begun meanwhile: whoever is in both would be texted "
        "twice. Cancel this run, or resume it if that is what you want."
    )


def _late(run: Run, now: dt.datetime) -> str:
    if now <= goes_on_until(run):
        return ""
    return (
        "It is later than the campaign lets a run start by itself. Resume this run if its texts "
        "are still right, or cancel it."
    )
