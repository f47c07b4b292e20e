"""Writes records on a member's iMIS record, and finds them again: activities, communication log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisNotFound
from textmanager.imis.wire import values

MOST_TO_LOOK_THROUGH = 500
_PROPERTY = "Asi.Soa.Core.DataContracts.GenericPropertyData, Asi.Contracts"
_STRINGS = "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib"


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
    created = await client.post("Activity", _entity("Activity", activity.party_id, properties))
    return _identity(created)


async def find_activity(client: ImisClient, activity: Activity) -> str | None:
    """The number of the very same activity, if iMIS has it.

    Which filters a site honours is not known, so what comes back is compared here as well.
    """
    offset = 0
    while offset < MOST_TO_LOOK_THROUGH:
        page = await client.get(
            "Activity",
            {
                "PartyId": f"eq:{activity.party_id}",
                "ACTIVITY_TYPE": f"eq:{activity.activity_type}",
                "Limit": "100",
                "Offset": str(offset),
            },
        )
        for item in values(page.get("Items")):
            if _is_same(activity, _bag(item)):
                return _identity(item)
        if not page.get("HasNext"):
            return None
        offset = int(page.get("NextOffset") or offset + 100)
    return None


async def create_communication_log_entry(client: ImisClient, entry: CommunicationLogEntry) -> str:
    """Writes the entry and returns its ID. Raises ImisError, perhaps an ambiguous one."""
    created = await client.post(
        "CommunicationLogRecipient",
        {
            "$type": "Asi.Soa.Communications.DataContracts.CommunicationLogRecipientData, "
            "Asi.Contracts",
            "CommunicationLog": {
                "$type": "Asi.Soa.Communications.DataContracts.CommunicationLogData, Asi.Contracts",
                "Subject": entry.subject[:500],
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
    """The ID of an entry with the same member, number, subject and text, if iMIS has one."""
    page = await client.get(
        "CommunicationLogRecipient", {"PartyId": f"eq:{entry.party_id}", "Limit": "500"}
    )
    for item in values(page.get("Items")):
        log = item.get("CommunicationLog") or {}
        party = item.get("Party") or {}
        if (
            str(party.get("PartyId")) == entry.party_id
            and item.get("Address") == entry.address
            and log.get("Subject") == entry.subject[:500]
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


def _wire_date(instant: dt.datetime) -> str:
    """UTC to the second, without a zone, as iMIS writes its dates."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _entity(name: str, party_id: str, properties: Mapping[str, str]) -> dict[str, Any]:
    return {
        "$type": "Asi.Soa.Core.DataContracts.GenericEntityData, Asi.Contracts",
        "EntityTypeName": name,
        "PrimaryParentEntityTypeName": "Party",
        "PrimaryParentIdentity": {
            "$type": "Asi.Soa.Core.DataContracts.IdentityData, Asi.Contracts",
            "EntityTypeName": "Party",
            "IdentityElements": {"$type": _STRINGS, "$values": [party_id]},
        },
        "Properties": {
            "$type": "Asi.Soa.Core.DataContracts.GenericPropertyDataCollection, Asi.Contracts",
            "$values": [
                {"$type": _PROPERTY, "Name": column, "Value": value}
                for column, value in properties.items()
            ],
        },
    }


def _identity(entity: Any) -> str:
    elements = values(((entity or {}).get("Identity") or {}).get("IdentityElements"))
    # A site that does not echo the number has still written the record.
    return str(elements[0]) if elements else "(no number given)"


def _bag(entity: dict[str, Any]) -> dict[str, str]:
    bag = {}
    for prop in values(entity.get("Properties")):
        value = prop.get("Value")
        bag[str(prop.get("Name"))] = str(value.get("$value") if isinstance(value, dict) else value)
    return bag


def _is_same(activity: Activity, bag: Mapping[str, str]) -> bool:
    # iMIS may add a fraction to a date, and some sites store a note with other line ends.
    same_second = bag.get("TRANSACTION_DATE", "")[:19] == _wire_date(activity.transaction_date)
    return (
        bag.get("PartyId", activity.party_id) == activity.party_id
        and bag.get("ACTIVITY_TYPE") == activity.activity_type
        and bag.get("DESCRIPTION") == activity.description
        and bag.get("NOTE", "").split() == activity.note.split()
        and same_second
    )
