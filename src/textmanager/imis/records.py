"""Writes records on a member's iMIS record, and finds them again: activities, communication log."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from textmanager.imis import wire
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisNotFound, ImisUnavailable
from textmanager.imis.wire import LARGEST_PAGE

LONGEST_SUBJECT = 500
# A site that ignores the filters lists everybody's records; that many calls help nobody.
MOST_TO_LOOK_THROUGH = 5_000


@dataclass(frozen=True)
class Activity:
    """An activity. `transaction_date` is an aware instant; iMIS gets it as UTC.

    `category` is the column behind the prompt "CEU type" of an activity type.
    """

    party_id: str
    activity_type: str
    transaction_date: dt.datetime
    description: str
    note: str
    category: str
    uf_1: str | None = None


@dataclass(frozen=True)
class CommunicationLogEntry:
    """An entry on the Interactions tab. Its date is always the moment of writing."""

    party_id: str
    subject: str
    body: str
    address: str


async def create_activity(client: ImisClient, activity: Activity) -> str:
    """Writes the activity and returns its number. Raises ImisError, perhaps an ambiguous one."""
    properties = {
        "ACTIVITY_TYPE": activity.activity_type,
        "PartyId": activity.party_id,
        "TRANSACTION_DATE": _wire_date(activity.transaction_date),
        "DESCRIPTION": activity.description,
        "NOTE": activity.note,
        "CATEGORY": activity.category,
        **({"UF_1": activity.uf_1} if activity.uf_1 is not None else {}),
    }
    entity = wire.party_entity("Activity", activity.party_id, properties)
    return _number(await client.post("Activity", entity))


async def find_activity(client: ImisClient, activity: Activity) -> str | None:
    """The number of the very same activity, if iMIS has it.

    Raises ImisUnavailable when a member has more than can be looked through, ImisError.
    """
    filters = {
        "PartyId": f"eq:{activity.party_id}",
        "ACTIVITY_TYPE": f"eq:{activity.activity_type}",
    }
    async for item in _records(client, "Activity", filters):
        if _is_same(activity, wire.properties(item)):
            return _number(item)
    return None


@dataclass(frozen=True)
class FoundActivity:
    """An activity as iMIS has it; `at` in UTC, None where the date is not readable."""

    party_id: str
    at: dt.datetime | None
    description: str
    uf_1: str


async def list_activities(
    client: ImisClient, activity_type: str, *, most: int = 200_000
) -> AsyncIterator[FoundActivity]:
    """Every activity of one type, of all members.

    Raises ImisUnavailable when there are more than `most`, ImisError.
    """
    filters = {"ACTIVITY_TYPE": f"eq:{activity_type}"}
    async for item in _records(client, "Activity", filters, most=most):
        found = wire.properties(item)
        # A site that ignores the filter lists other types too.
        if found.get("ACTIVITY_TYPE") == activity_type:
            yield FoundActivity(
                party_id=str(found.get("PartyId") or ""),
                at=_instant(found.get("TRANSACTION_DATE")),
                description=str(found.get("DESCRIPTION") or ""),
                uf_1=str(found.get("UF_1") or ""),
            )


async def create_communication_log_entry(client: ImisClient, entry: CommunicationLogEntry) -> str:
    """Writes the entry and returns its ID. Raises ImisError, perhaps an ambiguous one."""
    created = await client.post(
        "CommunicationLogRecipient",
        {
            "$type": "Asi.Soa.Communications.DataContracts.CommunicationLogRecipientData, "
            "Asi.Contracts",
            "CommunicationLog": {
                "$type": "Asi.Soa.Communications.DataContracts.CommunicationLogData, Asi.Contracts",
                "Subject": entry.subject[:LONGEST_SUBJECT],
                "Text": entry.body,
                "Html": entry.body,
                "Status": 3,
                "SourceProcess": "Text Manager",
            },
            "Party": {
                "$type": "Asi.Soa.Membership.DataContracts.PartyReferenceData, Asi.Contracts",
                "PartyId": entry.party_id,
            },
            "MessageType": 1,
            "Address": entry.address,
        },
    )
    return str((created or {}).get("CommunicationLogRecipientId", ""))


async def find_communication_log_entry(
    client: ImisClient, entry: CommunicationLogEntry
) -> str | None:
    """The ID of an entry with the same member, number, subject and text, if iMIS has one.

    Raises ImisUnavailable when a member has more than can be looked through, ImisError.
    """
    filters = {"PartyId": f"eq:{entry.party_id}"}
    async for item in _records(client, "CommunicationLogRecipient", filters):
        log = item.get("CommunicationLog") or {}
        party = item.get("Party") or {}
        if (
            str(party.get("PartyId")) == entry.party_id
            and item.get("Address") == entry.address
            and log.get("Subject") == entry.subject[:LONGEST_SUBJECT]
            and log.get("Text") == entry.body
        ):
            return str(item.get("CommunicationLogRecipientId", ""))
    return None


async def activity_type_exists(client: ImisClient, activity_type: str) -> bool:
    """Whether the site knows the activity type. Raises ImisError other than not found."""
    try:
        found = await client.get(f"LegacyActivityType/{activity_type}")
    except ImisNotFound:
        return False
    return isinstance(found, dict)


@dataclass(frozen=True)
class ActivityType:
    """A kind of activity. `prompts` are the labels of its fields, by the member that holds each."""

    name: str
    description: str
    prompts: Mapping[str, str]


async def create_activity_type(client: ImisClient, new: ActivityType) -> None:
    """Adds the type. Raises ImisError where the site does not let it, perhaps an ambiguous one.

    Which type name the site gives to this entity is not documented, so it is taken from one that
    is there already; without any, none is sent.
    """
    known = await client.get("LegacyActivityType", {"Limit": "1"})
    items = wire.values(known.get("Items")) if isinstance(known, dict) else []
    named = {"$type": items[0]["$type"]} if items and items[0].get("$type") else {}
    body = {**named, "ActivityTypeId": new.name, "Description": new.description, **new.prompts}
    await client.post("LegacyActivityType", {**body, "AllowUserEdit": False})


def _wire_date(instant: dt.datetime) -> str:
    """UTC to the second, without a zone, as iMIS writes its dates."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _instant(value: object) -> dt.datetime | None:
    """What `_wire_date` wrote, perhaps with a fraction."""
    try:
        return dt.datetime.fromisoformat(str(value)[:19]).replace(tzinfo=dt.UTC)
    except ValueError:
        return None


async def _records(
    client: ImisClient,
    entity: str,
    filters: Mapping[str, str],
    *,
    most: int = MOST_TO_LOOK_THROUGH,
) -> AsyncIterator[dict[str, Any]]:
    """Everything of one kind that fits, page by page.

    Which filters a site honours is not known, so the caller compares as well, and what cannot be
    read to its end proves nothing.
    """
    offset = 0
    while offset < most:
        page = await client.get(
            entity, {**filters, "Limit": str(LARGEST_PAGE), "Offset": str(offset)}
        )
        found = wire.values(page.get("Items")) if isinstance(page, dict) else []
        for item in found:
            if isinstance(item, dict):
                yield item
        if not found or not page.get("HasNext"):
            return
        offset += len(found)
    raise ImisUnavailable(
        f"iMIS has more than {most:,} records here. Whether this one is among them cannot be told."
    )


def _number(entity: Any) -> str:
    # A site that does not echo the number has still written the record.
    return wire.identity(entity) or "(no number given)"


def _is_same(activity: Activity, found: Mapping[str, object]) -> bool:
    # iMIS may add a fraction to a date, and some sites store a note with other line ends.
    return (
        str(found.get("PartyId", activity.party_id)) == activity.party_id
        and found.get("ACTIVITY_TYPE") == activity.activity_type
        and found.get("DESCRIPTION") == activity.description
        and str(found.get("NOTE") or "").split() == activity.note.split()
        and str(found.get("TRANSACTION_DATE"))[:19] == _wire_date(activity.transaction_date)
    )
