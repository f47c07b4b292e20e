"""What the simulated iMIS keeps: activities, activity types and the communication log."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from textmanager.sandbox import imis_wire as wire
from textmanager.sandbox.journal import Journal
from textmanager.sandbox.members import members

LONGEST_TYPE = 20
FIRST_ACTIVITY = 50_001
ACTIVITY_TYPES = ("TEXTMSG", "TEXTUNSUB", "TEXTUNSUB_A", "CALL", "MEETING")


class Records:
    """Records in memory, each written to the journal before it can be seen."""

    def __init__(self, journal: Journal, activity_types: tuple[str, ...] = ACTIVITY_TYPES) -> None:
        self._journal = journal
        self.activities: list[dict[str, Any]] = []
        self.log_entries: list[dict[str, Any]] = []
        self.activity_types = {
            name: wire.activity_type({"ActivityTypeId": name, "Description": name.capitalize()})
            for name in activity_types
        }
        self._known_members = {member.party_id for member in members()}
        for record in journal.replay():
            self._apply(record)

    def close(self) -> None:
        """Closes the journal; nothing may be written after it."""
        self._journal.close()

    def create_activity(self, body: Mapping[str, Any]) -> Response:
        given = properties_of(body)
        party = str(given.get("PartyId", ""))
        kind = str(given.get("ACTIVITY_TYPE", ""))
        if party not in self._known_members:
            return wire.validation_error("PartyId", f"There is no contact {party or '(blank)'}.")
        if kind not in self.activity_types:
            return wire.validation_error("ACTIVITY_TYPE", f"{kind} is not an activity type.")
        activity = {**given, "SEQN": FIRST_ACTIVITY + len(self.activities), "PartyId": party}
        self._keep({"do": "activity", "activity": activity})
        return JSONResponse(activity_entity(activity), status_code=201)

    def create_log_entry(self, body: Mapping[str, Any]) -> Response:
        party = str((body.get("Party") or {}).get("PartyId", ""))
        log = body.get("CommunicationLog") or {}
        if party not in self._known_members:
            return wire.validation_error("Party", f"There is no contact {party or '(blank)'}.")
        if not log.get("Subject"):
            return wire.validation_error("Subject", "Subject is required.")
        entry = {**body, "CommunicationLogRecipientId": str(uuid.uuid4())}
        self._keep({"do": "log", "entry": entry})
        return JSONResponse(entry, status_code=201)

    def create_activity_type(self, body: Mapping[str, Any]) -> Response:
        """As wide as the column that names an activity's type; a type is there once."""
        name = str(body.get("ActivityTypeId", ""))
        if not name or len(name) > LONGEST_TYPE:
            return wire.validation_error("ActivityTypeId", "It has to have 1 to 20 characters.")
        if name in self.activity_types:
            return PlainTextResponse("DuplicateKey", status_code=409)
        # False members are left out on the wire.
        given = {member: value for member, value in body.items() if value is not False}
        self._keep({"do": "type", "type": wire.activity_type(given)})
        return JSONResponse(self.activity_types[name], status_code=201)

    def matching_activities(self, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Activities for filters such as `PartyId=eq:101`; the newest last."""
        wanted = {name.casefold(): value.removeprefix("eq:") for name, value in filters.items()}
        return [
            activity
            for activity in self.activities
            if all(
                str(value) == wanted[name.casefold()]
                for name, value in activity.items()
                if name.casefold() in wanted
            )
        ]

    def _keep(self, record: dict[str, Any]) -> None:
        self._journal.append(record)
        self._apply(record)

    def _apply(self, record: Mapping[str, Any]) -> None:
        match record["do"]:
            case "activity":
                self.activities.append(record["activity"])
            case "log":
                self.log_entries.append(record["entry"])
            case "type":
                self.activity_types[record["type"]["ActivityTypeId"]] = record["type"]


def properties_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The property bag of an entity; values plain or wrapped with their type."""
    bag = (body.get("Properties") or {}).get("$values", [])
    found = {}
    for prop in bag:
        value = prop.get("Value")
        found[prop["Name"]] = value["$value"] if isinstance(value, dict) else value
    return found


def activity_entity(activity: Mapping[str, Any]) -> wire.Json:
    return wire.generic_entity(
        "Activity",
        activity,
        PrimaryParentEntityTypeName="Party",
        PrimaryParentIdentity=wire.identity("Party", str(activity["PartyId"])),
        Identity=wire.identity("Activity", str(activity["SEQN"])),
    )
