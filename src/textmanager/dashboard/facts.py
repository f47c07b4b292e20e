"""What every page's frame has to know, read once a request and at few queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.cache import cache
from django.utils import timezone

from textmanager.campaigns.agenda import count_going
from textmanager.config.jobs import workers_alive
from textmanager.organizations.membership import MemberRequest
from textmanager.replies.conversations import unread_total
from textmanager.runs.standing import Standing, standing

# How long a page goes on to tell of a run that did not take place.
LATELY = dt.timedelta(days=3)
# Workers serve the whole installation, and one is only taken for dead after longer than this.
SECONDS_WORKERS_ARE_KNOWN = 5


@dataclass(frozen=True)
class Facts:
    """`campaigns` run by themselves, `live_campaigns` of them in LIVE mode."""

    now: dt.datetime
    standing: Standing
    campaigns: int
    live_campaigns: int
    workers: int
    unread: int


def facts_of(request: MemberRequest) -> Facts:
    """Those that the page has read already, or read now: four queries at most."""
    known: Facts | None = getattr(request, "facts", None)
    if known is None:
        now = timezone.now()
        campaigns, live = count_going(request.organization)
        known = Facts(
            now=now,
            standing=standing(request.organization, now=now, since=now - LATELY),
            campaigns=campaigns,
            live_campaigns=live,
            workers=workers_running(),
            unread=unread_total(request.organization),
        )
        keep(request, known)
    return known


def keep(request: MemberRequest, facts: Facts) -> None:
    """For the frame of a page that has read them for itself."""
    request.facts = facts  # type: ignore[attr-defined]  # known to this module alone


def workers_running() -> int:
    """How many workers are alive, as of a few seconds ago."""
    return int(cache.get_or_set("workers-running", workers_alive, SECONDS_WORKERS_ARE_KNOWN) or 0)
