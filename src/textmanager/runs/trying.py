"""What an organization has tried so far, and the campaign with which it may go on."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import JSONObject

from textmanager.campaigns.lifecycle import runnable_tests
from textmanager.campaigns.models import ApiMode
from textmanager.organizations.models import Organization
from textmanager.runs.models import Run, RunState


@dataclass(frozen=True)
class Trial:
    """A campaign in TEST mode that may run, or whose run `open_run`, an ID, is going on."""

    id: int
    name: str
    is_draft: bool
    open_run: str | None


@dataclass(frozen=True)
class Tried:
    """`modes` are the API modes in which a run of the organization has been completed."""

    modes: frozenset[str]
    trial: Trial | None


def tried(organization: Organization) -> Tried:
    """One query, of one row a mode and one campaign: how many there are does not matter."""
    completed = Run.objects.filter(organization=organization, state=RunState.COMPLETED)
    in_test, in_live = (
        completed.filter(api_mode=mode).order_by().values_list("api_mode", JSONObject())[:1]
        for mode in (ApiMode.TEST, ApiMode.LIVE)
    )
    open_run = Run.objects.filter(
        campaign=OuterRef("pk"), api_mode=ApiMode.TEST, state__in=RunState.open()
    )
    trial = JSONObject(
        id="pk", name="name", is_draft="is_draft", open_run=Subquery(open_run.values("pk")[:1])
    )
    trials = runnable_tests(organization).values_list(Value("", CharField()), trial)[:1]
    found = dict(in_test.union(in_live, trials, all=True))
    waiting = found.pop("", None)
    return Tried(frozenset(found), Trial(**waiting) if waiting else None)
