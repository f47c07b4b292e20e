"""Finds an IQA for a campaign: folder by folder, by words, or among those used before."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from django.db.models import Max

from textmanager.campaigns.audience import remembered
from textmanager.campaigns.models import Campaign
from textmanager.imis.client import ImisClient
from textmanager.imis.documents import ROOT, list_queries
from textmanager.imis.iqa import IqaDocument, browse
from textmanager.organizations.models import Organization

# More than anybody reads through; another word narrows it down.
MOST_MATCHES = 50


@dataclass(frozen=True)
class QueryMatches:
    """Queries that fit the words, the best first.

    Not `is_complete` when there may be others: more fit than are shown, or the site has more
    folders than could be looked through.
    """

    found: list[IqaDocument]
    is_complete: bool


def folder(organization_id: int, path: str = ROOT) -> list[IqaDocument]:
    """Folders, then queries, in the folder at `path`, each by name; as of two minutes ago at most.

    Raises AudienceUnavailable, also for a folder that is not there.
    """
    read = functools.partial(_inside, path)
    return remembered("folder", organization_id, path.rstrip("/"), read)


def search_queries(organization_id: int, words: str) -> QueryMatches:
    """Queries whose path has every word, in any case and order; those named like it come first.

    No word finds them all, within the bounds. Raises AudienceUnavailable.
    """
    wanted = words.casefold().split()
    listing = remembered("queries", organization_id, ROOT, list_queries)
    fitting = [
        query for query in listing.queries if all(word in query.path.casefold() for word in wanted)
    ]
    fitting.sort(key=lambda query: _distance(query.name.casefold(), wanted))
    return QueryMatches(
        fitting[:MOST_MATCHES],
        is_complete=listing.is_complete and len(fitting) <= MOST_MATCHES,
    )


def recently_used(organization: Organization, most: int = 8) -> list[str]:
    """Paths of the IQAs of the organization's campaigns, the last changed campaign's first."""
    used = Campaign.objects.filter(organization=organization, deleted_at=None)
    latest = used.exclude(iqa_path="").values("iqa_path").annotate(at=Max("updated_at"))
    return list(latest.order_by("-at", "iqa_path").values_list("iqa_path", flat=True)[:most])


async def _inside(path: str, client: ImisClient) -> list[IqaDocument]:
    found = await browse(client, path)
    return sorted(found, key=lambda each: (not each.is_folder, each.name.casefold()))


def _distance(name: str, wanted: list[str]) -> int:
    """0 for a name that begins with the first word, 1 for one that has them all, else 2."""
    if wanted and name.startswith(wanted[0]) and all(word in name for word in wanted):
        return 0
    return 1 if all(word in name for word in wanted) else 2
