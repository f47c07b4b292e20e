"""What the simulated iMIS tells of its members, and lets a client change: parties, users, dues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from textmanager.sandbox import imis_wire as wire
from textmanager.sandbox.imis_records import properties_of
from textmanager.sandbox.members import Member, members


class People:
    """Changes are kept in memory: nothing of ours makes any."""

    def __init__(self) -> None:
        self._members = {member.party_id: member for member in members()}
        self._paid_through: dict[str, str] = {}
        self._usernames: set[str] = set()

    async def party(self, request: Request) -> Response:
        member = self._members.get(request.path_params["party"])
        return _not_found() if member is None else JSONResponse(_party(member))

    async def parties(self, request: Request) -> Response:
        found = [_party(member) for member in self._members.values()]
        return JSONResponse(wire.page(found, dict(request.query_params)))

    async def name_fin(self, request: Request) -> Response:
        """The business object with a member's dues."""
        member = self._members.get(request.path_params["party"])
        if member is None:
            return _not_found()
        if request.method == "PUT":
            given = properties_of(await request.json())
            self._paid_through[member.party_id] = str(given.get("RENEWED_THRU") or "")
        usual = f"{member.paid_through.isoformat()}T00:00:00"
        through = self._paid_through.get(member.party_id, usual)
        return JSONResponse(
            wire.generic_entity(
                "CsNameFin",
                {"ID": member.party_id, "RENEWED_THRU": through or None},
                PrimaryParentEntityTypeName="Party",
                PrimaryParentIdentity=wire.identity("Party", member.party_id),
                Identity=wire.identity("CsNameFin", member.party_id),
            )
        )

    def create_user(self, body: Mapping[str, Any]) -> Response:
        name, party = str(body.get("UserName", "")), str(body.get("UserId", ""))
        if party not in self._members:
            return wire.validation_error("UserId", f"There is no contact {party or '(blank)'}.")
        if name.casefold() in self._usernames:
            return PlainTextResponse("DuplicateProviderUserKey", status_code=400)
        self._usernames.add(name.casefold())
        return JSONResponse({**body}, status_code=201)


def _not_found() -> Response:
    return PlainTextResponse("Not found", status_code=404)


def _party(member: Member) -> wire.Json:
    kind = wire.MEMBERSHIP
    return {
        "$type": f"{kind}.PersonData, Asi.Contracts",
        "PersonName": {
            "$type": f"{kind}.PersonNameData, Asi.Contracts",
            "FirstName": member.first_name,
            "LastName": member.last_name,
            "FullName": member.full_name,
        },
        "PartyId": member.party_id,
        "Id": member.party_id,
        "Status": {
            "$type": f"{kind}.PartyStatusData, Asi.Contracts",
            "PartyStatusId": "A",
            "Name": "Active",
        },
        "Name": member.full_name,
        "Phones": wire.values(
            f"{kind}.PhoneDataCollection, Asi.Contracts",
            [
                {
                    "$type": f"{kind}.PhoneData, Asi.Contracts",
                    "Number": member.mobile,
                    "PhoneType": "Mobile",
                }
            ],
        ),
    }
