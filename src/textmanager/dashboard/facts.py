"""What every page's frame has to know, read once a request and at few queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from textmanager.campaigns.lifecycle import starting_by_themselves, sure_to_be_held
from textmanager.campaigns.models import ApiMode
from textmanager.config.counting import counted_together
from textmanager.config.jobs import living_workers
from textmanager.organizations.membership import MemberRequest
from textmanager.organizations.senders import fit_senders
from textmanager.replies.conversations import unread_conversations
from textmanager.runs.standing import Standing, standing

# How long a page goes on to tell of a run that did not take place.
LATELY = dt.timedelta(days=3)


@dataclass(frozen=True)
class Facts:
    """`campaigns` run by themselves, `live_campaigns` of them in LIVE mode.

    `to_be_held` of them have a sender from which nothing can leave; `senders` are those from which
    texts can.
    """

    now: dt.datetime
    standing: Standing
    campaigns: int
    live_campaigns: int
    workers: int
    senders: int
    to_be_held: int
    unread: int


def facts_of(request: MemberRequest) -> Facts:
    """Those that the page has read already, or read now in two queries."""
    known: Facts | None = getattr(request, "facts", None)
    if known is None:
        now = timezone.now()
        going = starting_by_themselves(request.organization)
        counted = counted_together(
            campaigns=going,
            live_campaigns=going.filter(api_mode=ApiMode.LIVE),
            workers=living_workers(),
            senders=fit_senders(request.organization.pk),
            to_be_held=sure_to_be_held(request.organization),
            unread=unread_conversations(request.organization),
        )
        found = standing(request.organization, now=now, since=now - LATELY)
        known = Facts(now=now, standing=found, **counted)
        keep(request, known)
    return known


def keep(request: MemberRequest, facts: Facts) -> None:
    """For the frame of a page that has read them for itself."""
    request.facts = facts  # type: ignore[attr-defined]  # known to this module alone
