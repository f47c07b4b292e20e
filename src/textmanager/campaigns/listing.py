"""The list of campaigns: one kind at a time, searched, filtered, sorted, and in pages."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse

from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.campaigns.skipping import skipped_ahead
from textmanager.config.typed import whole_number
from textmanager.organizations.models import Organization
from textmanager.runs.latest import TEXTED_NOBODY, LatestRun, latest_run_time, latest_runs_of

A_PAGE = 25
CURRENT, DELETED = "", "deleted"
LONGEST_QUERY = 200

# The states of each kind, those that want an eye first.
STATES_OF = {
    CampaignKind.ONE_TIME: (
        CampaignState.SENDING,
        CampaignState.SCHEDULED,
        CampaignState.DRAFT,
        CampaignState.COMPLETED,
        CampaignState.ARCHIVED,
    ),
    CampaignKind.RECURRING: (
        CampaignState.ACTIVE,
        CampaignState.PAUSED,
        CampaignState.DRAFT,
        CampaignState.ENDED,
        CampaignState.ARCHIVED,
    ),
}
SORTS = {
    "name": "Name",
    "-name": "Name, Z to A",
    "next": "Next run, soonest first",
    "-next": "Next run, latest first",
    "-last": "Last run, latest first",
    "last": "Last run, oldest first",
    "state": "State",
    "-created": "Newest first",
}
# A list of one-time campaigns grows with the years, and what is new is what people look for.
USUAL_SORT = {CampaignKind.ONE_TIME: "-created", CampaignKind.RECURRING: "name"}


@dataclass(frozen=True)
class Wanted:
    """What a person asked the list for; `state` is a state, empty for all current, or deleted."""

    kind: CampaignKind
    query: str = ""
    state: str = CURRENT
    sort: str = ""
    page: int = 1

    @classmethod
    def from_address(cls, address: Mapping[str, str]) -> Wanted:
        """Reads the address of the list; whatever makes no sense there counts as not said."""
        one_time = address.get("kind") == CampaignKind.ONE_TIME
        kind = CampaignKind.ONE_TIME if one_time else CampaignKind.RECURRING
        state, sort, page = (address.get(name, "") for name in ("state", "sort", "page"))
        return cls(
            kind=kind,
            query=address.get("q", "").strip()[:LONGEST_QUERY],
            state=state if state == DELETED or state in STATES_OF[kind] else CURRENT,
            sort=sort if sort in SORTS else USUAL_SORT[kind],
            page=whole_number(page) or 1,
        )

    def address(self, **changes: str) -> str:
        """The query string that asks for this, with changes; its page only when one is given."""
        said = {"kind": self.kind.value, "q": self.query, "state": self.state, "sort": self.sort}
        said |= changes
        if said["sort"] == USUAL_SORT[self.kind]:
            del said["sort"]
        if said.get("page") == "1":
            del said["page"]
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class CampaignRow:
    """A line of the list. Zones are IANA names, for people to read times in."""

    campaign: Campaign
    latest: LatestRun | None
    zone: str
    # Below it lies whatever can be done to this campaign. Resolving ten addresses for each of
    # fifty lines would cost more than all queries of the page.
    address: str

    @cached_property
    def next_run(self) -> dt.datetime | None:
        return self.campaign.next_run

    @property
    def name(self) -> str:
        return self.campaign.name or "Untitled draft"

    @property
    def leads_to_run(self) -> bool:
        """Whether the name leads to the run, which is a sent one-time campaign's dashboard."""
        not_begun = {CampaignState.DRAFT, CampaignState.SCHEDULED}
        return (
            self.campaign.is_one_time
            and self.latest is not None
            and self.campaign.state not in not_begun
        )

    @property
    def may_be_edited(self) -> bool:
        closed = {CampaignState.SENDING, CampaignState.COMPLETED, CampaignState.ARCHIVED}
        return self.campaign.deleted_at is None and self.campaign.state not in closed

    @property
    def may_get_another_time(self) -> bool:
        """A completed one-time campaign that has texted nobody: its run was missed."""
        return (
            self.campaign.is_one_time
            and self.campaign.state == CampaignState.COMPLETED
            and (self.latest is None or self.latest.run.state in TEXTED_NOBODY)
        )

    @property
    def may_be_archived(self) -> bool:
        over = {CampaignState.COMPLETED, CampaignState.PAUSED, CampaignState.ENDED}
        return self.campaign.state in over

    @property
    def may_run_now(self) -> bool:
        if self.campaign.is_one_time:
            return self.campaign.state == CampaignState.SCHEDULED
        return self.campaign.state in {
            CampaignState.ACTIVE,
            CampaignState.PAUSED,
            CampaignState.ENDED,
        }

    @cached_property
    def skips(self) -> list[dt.datetime]:
        if self.campaign.state != CampaignState.ACTIVE:
            return []
        return skipped_ahead(self.campaign)


@dataclass(frozen=True)
class CampaignPage:
    """Some of the campaigns that were asked for, `number` of `pages` counted from 1."""

    rows: list[CampaignRow]
    total: int
    number: int
    pages: int


def counts(organization: Organization) -> Counter[tuple[str, str]]:
    """How many campaigns each kind has in each state, deleted ones under their own."""
    grouped = (
        Campaign.objects.filter(organization=organization)
        .annotate(is_deleted=Q(deleted_at__isnull=False))
        .values_list("kind", "state", "is_deleted")
        .annotate(campaigns=Count("pk"))
    )
    counted: Counter[tuple[str, str]] = Counter()
    for kind, state, is_deleted, campaigns in grouped:
        counted[kind, DELETED if is_deleted else state] += campaigns
    return counted


def current_total(counted: Counter[tuple[str, str]], kind: str) -> int:
    """How many campaigns of a kind are neither archived nor deleted."""
    aside = (DELETED, CampaignState.ARCHIVED)
    return sum(
        number for (of, state), number in counted.items() if of == kind and state not in aside
    )


def current_totals(counted: Counter[tuple[str, str]]) -> list[tuple[CampaignKind, int]]:
    """What the tabs above the pages of campaigns show: each kind, and how many are current."""
    return [(kind, current_total(counted, kind)) for kind in CampaignKind]


def campaign_page(
    organization: Organization, wanted: Wanted, counted: Counter[tuple[str, str]]
) -> CampaignPage:
    """One page of campaigns; at most four queries, however many there are."""
    found = _found(organization, wanted)
    if wanted.query:
        total = found.count()
    elif wanted.state:
        total = counted[wanted.kind, wanted.state]
    else:
        total = current_total(counted, wanted.kind)
    pages = max(1, -(-total // A_PAGE))
    number = min(wanted.page, pages)
    shown = list(_sorted(found, wanted.sort)[(number - 1) * A_PAGE : number * A_PAGE])
    latest = latest_runs_of([campaign.pk for campaign in shown])
    below = reverse("campaigns:list")
    rows = [
        CampaignRow(
            campaign=campaign,
            latest=latest.get(campaign.pk),
            zone=campaign.time_zone or organization.time_zone,
            address=f"{below}{campaign.pk}/",
        )
        for campaign in shown
    ]
    return CampaignPage(rows, total, number, pages)


def _found(organization: Organization, wanted: Wanted) -> QuerySet[Campaign]:
    campaigns = Campaign.objects.filter(
        organization=organization,
        kind=wanted.kind,
        deleted_at__isnull=wanted.state != DELETED,
    )
    if wanted.state == CURRENT:
        campaigns = campaigns.exclude(state=CampaignState.ARCHIVED)
    elif wanted.state != DELETED:
        campaigns = campaigns.filter(state=wanted.state)
    for word in wanted.query.split():
        campaigns = campaigns.filter(Q(name__icontains=word) | Q(iqa_path__icontains=word))
    return campaigns


def _sorted(campaigns: QuerySet[Campaign], sort: str) -> QuerySet[Campaign]:
    """In the order of one of SORTS; what has no such time comes last, and names break ties."""
    if sort in {"last", "-last"}:
        campaigns = campaigns.annotate(last=latest_run_time())
    orders: dict[str, list[Any]] = {
        "-name": ["-name"],
        "next": [F("next_run_at").asc(nulls_last=True)],
        "-next": [F("next_run_at").desc(nulls_last=True)],
        "last": [F("last").asc(nulls_last=True)],
        "-last": [F("last").desc(nulls_last=True)],
        "state": [_place_of_state()],
        "-created": ["-created_at"],
    }
    return campaigns.order_by(*orders.get(sort, []), "name", "pk")


def _place_of_state() -> Case:
    states = list(dict.fromkeys(state for of in STATES_OF.values() for state in of))
    return Case(
        *(When(state=state, then=Value(place)) for place, state in enumerate(states)),
        default=Value(len(states)),
        output_field=IntegerField(),
    )
