"""What a run to come will cost, as the last one of its campaign tells."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from textmanager.campaigns.lifecycle import starting_by_themselves
from textmanager.campaigns.models import ApiMode
from textmanager.organizations.models import Organization, SenderKind, TwilioConnection
from textmanager.organizations.prices import price_from
from textmanager.organizations.twilio_examination import ExpectedCost
from textmanager.runs.models import Run, RunState, RunTally
from textmanager.runs.pipeline.due import SENT
from textmanager.text.statuses import NEVER_LEFT


def dearest_to_come(organization: Organization) -> ExpectedCost | None:
    """The dearest LIVE campaign that starts by itself; None while no cost is known.

    What Twilio billed for its last run counts, or else that run's segments at Twilio's price.
    """
    connection: TwilioConnection | None = getattr(organization, "twilio", None)
    if connection is None:
        return None
    live = starting_by_themselves(organization).filter(api_mode=ApiMode.LIVE)
    # A retry has an audience of its own, which says nothing about the campaign's.
    ended = Run.objects.filter(campaign__in=live, state=RunState.COMPLETED, retry_of=None)
    runs = list(
        ended.order_by("campaign", "-scheduled_for")
        .distinct("campaign")
        .select_related("campaign__sender")
    )
    texts, segments = _left([run.pk for run in runs])
    expected = (_cost(connection, run, texts[run.pk], segments[run.pk]) for run in runs)
    return max(filter(None, expected), key=lambda cost: cost.amount, default=None)


def _cost(connection: TwilioConnection, run: Run, texts: int, segments: int) -> ExpectedCost | None:
    if run.billed_amount is not None and run.billed_texts >= texts:
        return ExpectedCost(run.campaign.name, run.billed_amount, run.billed_unit)
    sender = run.campaign.sender
    price = price_from(connection, SenderKind(sender.kind)) if sender else None
    if price is None:
        return None
    return ExpectedCost(run.campaign.name, price.amount * segments, price.unit)


def _left(
    runs: Collection[uuid.UUID],
) -> tuple[defaultdict[uuid.UUID, int], defaultdict[uuid.UUID, int]]:
    """Of each run the texts that left for a carrier, and the segments that did, or would live."""
    texts: defaultdict[uuid.UUID, int] = defaultdict(int)
    segments: defaultdict[uuid.UUID, int] = defaultdict(int)
    for tally in RunTally.objects.filter(run__in=runs).exclude(status__in=NEVER_LEFT):
        segments[tally.run_id] += tally.segments
        if tally.status in SENT:
            texts[tally.run_id] += tally.messages
    return texts, segments
