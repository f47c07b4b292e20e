"""The simulated iMIS on the wire: the shapes and habits that clients of real sites know."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from serving import serve
from textmanager.sandbox.imis import ImisSettings, create_app
from textmanager.sandbox.members import DIRTY_NUMBERS, members, queries

CORE = "Asi.Soa.Core.DataContracts"
BOARD = "$/Text Manager/Board of directors"


@dataclass
class Wire:
    """One signed-in visitor who looks at raw answers."""

    base_url: str
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, **form: str) -> tuple[int, Any]:
        given = {
            "Grant_type": "password",
            "Username": "textmanager",
            "Password": "background-password",
            **form,
        }
        async with self.http.post(f"{self.base_url}/Token", data=given) as answer:
            body = await answer.json()
            self.headers = {"Authorization": f"Bearer {body.get('access_token')}"}
            return answer.status, body

    async def get(self, path: str, **params: str | int) -> tuple[int, Any]:
        address = f"{self.base_url}/api/{path}"
        async with self.http.get(address, params=params, headers=self.headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        address = f"{self.base_url}/api/{path}"
        async with self.http.post(address, json=body, headers=self.headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    app = create_app(ImisSettings(slow_seconds=0))
    async with aiohttp.ClientSession() as http, serve(app) as base_url:
        visitor = Wire(base_url, http)
        await visitor.sign_in()
        yield visitor


def property_bag(**values: Any) -> dict[str, Any]:
    """An activity as ASI's own collection of requests creates one."""
    return {
        "$type": f"{CORE}.GenericEntityData, Asi.Contracts",
        "Properties": {
            "$type": f"{CORE}.GenericPropertyDataCollection, Asi.Contracts",
            "$values": [
                {
                    "$type": f"{CORE}.GenericPropertyData, Asi.Contracts",
                    "Name": name,
                    "Value": value,
                }
                for name, value in values.items()
            ],
        },
    }


async def test_a_token_has_the_fields_of_a_real_one(wire: Wire) -> None:
    status, body = await wire.sign_in()

    assert status == 200
    assert body.pop("access_token")
    assert body == {"token_type": "bearer", "expires_in": 1199, "userName": "textmanager"}


async def test_a_wrong_password_is_400_invalid_grant(wire: Wire) -> None:
    status, body = await wire.sign_in(Password="no")  # a wrong one

    assert (status, body["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer nonsense", "Basic dGV4dDo="])
async def test_without_a_good_token_nothing_is_told(wire: Wire, authorization: str) -> None:
    wire.headers = {"Authorization": authorization} if authorization else {}
    for path in ("query", "iqa", "Activity", "Party/10001", "nothing/at/all/_execute"):
        status, body = await wire.get(path)
        if status in {404, 405}:
            continue
        assert status == 401
        assert body == {
            "$type": "System.Web.Http.HttpError, System.Web.Http",
            "Message": "Authorization has been denied for this request.",
        }


async def test_tokens_end(wire: Wire) -> None:
    app = create_app(ImisSettings(slow_seconds=0, token_seconds=0))
    async with serve(app) as base_url:
        late = Wire(base_url, wire.http)
        await late.sign_in()
        status, _ = await late.get("Party/10001")

    assert status == 401


async def test_a_flat_page(wire: Wire) -> None:
    status, body = await wire.get("Query", QueryName=BOARD, limit=3, offset=2)

    assert status == 200
    rows = body["Items"].pop("$values")
    assert body == {
        "$type": f"{CORE}.PagedResult, Asi.Contracts",
        "Items": {
            "$type": "System.Collections.Generic.List`1[[System.Object, mscorlib]], mscorlib"
        },
        "Offset": 2,
        "Limit": 3,
        "Count": 3,
        "TotalCount": 8,
        "NextPageLink": None,
        "HasNext": True,
        "NextOffset": 5,
    }
    assert rows[0] == {
        "$type": "System.Dynamic.ExpandoObject, System.Core",
        "ID": "10003",
        "FullName": members()[2].full_name,
        "FirstName": members()[2].first_name,
        "MobilePhone": members()[2].mobile,
        "PaidThrough": f"{members()[2].paid_through}T00:00:00",
        "DuesAmount": members()[2].dues,
        "Chapter": members()[2].chapter,
    }


async def test_a_page_of_property_bags(wire: Wire) -> None:
    _, body = await wire.get("IQA", QueryName="$/Text Manager/Dirty numbers", Limit=2)

    rows = body["Items"]["$values"]
    assert body["$type"] == (
        f"{CORE}.PagedResult`1[[{CORE}.GenericEntityData, Asi.Contracts]], Asi.Contracts"
    )
    kind = f"{CORE}.GenericPropertyData, Asi.Contracts"
    assert rows[0]["Properties"]["$values"] == [
        {"$type": kind, "Name": "ResultRow", "Value": "1"},
        {"$type": kind, "Name": "ID", "Value": "14001"},
        {"$type": kind, "Name": "FullName", "Value": members()[4000].full_name},
        {"$type": kind, "Name": "MobilePhone"},
    ], "A cell without a value has no Value at all."


async def test_numbers_in_a_property_bag_are_wrapped(wire: Wire) -> None:
    _, body = await wire.get("iqa", QueryName=BOARD, Limit=1)

    bag = {each["Name"]: each for each in body["Items"]["$values"][0]["Properties"]["$values"]}
    assert bag["DuesAmount"]["Value"] == {
        "$type": "System.Decimal",
        "$value": members()[0].dues,
    }


@pytest.mark.parametrize(("asked", "given"), [(None, 100), (500, 500), (501, 500), (9_999, 500)])
async def test_no_page_is_larger_than_500(wire: Wire, asked: int | None, given: int) -> None:
    limit = {} if asked is None else {"Limit": asked}
    _, body = await wire.get("query", QueryName="$/Text Manager/All members", **limit)

    assert (len(body["Items"]["$values"]), body["Limit"]) == (given, given)


async def test_the_last_page_has_no_next(wire: Wire) -> None:
    _, body = await wire.get("query", QueryName=BOARD, offset=5)

    assert (body["Count"], body["HasNext"], body["NextOffset"]) == (3, False, 0)


async def test_entities_and_parameters_in_any_case(wire: Wire) -> None:
    for path, name in (("QUERY", "QUERYNAME"), ("query", "queryname"), ("Query", "QueryName")):
        status, body = await wire.get(path, **{name: BOARD.upper()})
        assert (status, body["TotalCount"]) == (200, 8)


async def test_an_older_site_has_no_flat_endpoint_and_wraps_nothing(wire: Wire) -> None:
    async with serve(create_app(ImisSettings(older=True))) as base_url:
        older = Wire(base_url, wire.http)
        await older.sign_in()
        assert (await older.get("query", QueryName=BOARD))[0] == 404
        assert (await older.get("iqa", QueryName=BOARD))[1]["TotalCount"] == 8
        find = {"OperationName": "FindByPath", "Parameters": {"$values": [BOARD]}}
        _, found = await older.post("QueryDefinition/_execute", find)
        assert found["Path"] == BOARD
        assert "Document" not in found
        find["Parameters"]["$values"] = ["$/Nobody"]
        assert await older.post("QueryDefinition/_execute", find) == (200, None)


async def test_a_definition_comes_in_a_service_response(wire: Wire) -> None:
    find = {
        "$type": f"{CORE}.GenericExecuteRequest, Asi.Contracts",
        "EntityTypeName": "QueryParameterDefinition",
        "OperationName": "FindByPath",
        "Parameters": {"$values": [{"$type": "System.String", "$value": BOARD}]},
    }
    status, body = await wire.post("QueryDefinition/_execute", find)

    assert (status, body["IsSuccessStatusCode"], body["StatusCode"]) == (200, True, 0)
    assert body["Result"]["Document"]["Name"] == "Board of directors"
    assert [each["Alias"] for each in body["Result"]["Properties"]["$values"]][:2] == [
        "ID",
        "FullName",
    ]


async def test_activities_are_created_and_listed(wire: Wire) -> None:
    status, made = await wire.post(
        "Activity",
        property_bag(
            ACTIVITY_TYPE="TEXTMSG",
            PartyId="10001",
            UNITS={"$type": "System.Decimal", "$value": 1},
        ),
    )
    assert status == 201
    assert made["Identity"]["IdentityElements"]["$values"] == ["50001"]
    assert made["PrimaryParentIdentity"]["IdentityElements"]["$values"] == ["10001"]
    await wire.post("Activity", property_bag(ACTIVITY_TYPE="CALL", PartyId="10001"))
    await wire.post("Activity", property_bag(ACTIVITY_TYPE="CALL", PartyId="10002"))

    async def count(**filters: str) -> int:
        return (await wire.get("Activity", **filters))[1]["TotalCount"]

    assert await count() == 3
    assert await count(PartyId="10001") == 2
    assert await count(PartyId="eq:10001", ACTIVITY_TYPE="eq:CALL") == 1
    assert await count(partyid="eq:10003") == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [({"PartyId": "99"}, "PartyId"), ({"ACTIVITY_TYPE": "FAX"}, "ACTIVITY_TYPE")],
)
async def test_an_activity_that_cannot_be_is_a_validation_error(
    wire: Wire, change: dict[str, str], field: str
) -> None:
    bag = {"ACTIVITY_TYPE": "TEXTMSG", "PartyId": "10001", **change}
    status, body = await wire.post("Activity", property_bag(**bag))

    assert status == 400
    assert body["$type"] == f"{CORE}.ValidationResultsData, Asi.Contracts"
    assert [error["FieldName"] for error in body["Errors"]["$values"]] == [field]


async def test_records_outlive_the_program(wire: Wire, tmp_path: Path) -> None:
    settings = ImisSettings(slow_seconds=0, journal=tmp_path)
    numbers = []
    for _ in range(2):
        async with serve(create_app(settings)) as base_url:
            visitor = Wire(base_url, wire.http)
            await visitor.sign_in()
            _, made = await visitor.post(
                "Activity", property_bag(ACTIVITY_TYPE="TEXTMSG", PartyId="10001")
            )
            numbers.append(made["Identity"]["IdentityElements"]["$values"][0])

    assert numbers == ["50001", "50002"]


async def test_the_page_for_people_shows_what_was_written_without_running_it(wire: Wire) -> None:
    await wire.post(
        "Activity",
        property_bag(ACTIVITY_TYPE="TEXTMSG", PartyId="10001", NOTE="<script>alert(1)</script>"),
    )
    async with wire.http.get(wire.base_url) as answer:
        page = await answer.text()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert all(query.path in page for query in queries(0))


def test_five_thousand_members_with_a_number_each() -> None:
    people = members()

    assert len(people) == 5_000
    assert len({one.party_id for one in people}) == 5_000
    assert len({one.mobile for one in people}) == 5_000
    assert all(one.mobile[5:10] == "55501" for one in people), "Numbers that nobody has."


def test_the_members_are_the_same_at_every_start() -> None:
    first = members()
    members.cache_clear()

    assert members() == first
    assert (first[0].full_name, first[-1].full_name) == ("Fatima Larsen", "Ibrahim Johnson")


def test_the_queries_that_a_demonstration_needs() -> None:
    rows = {query.name: query.rows() for query in queries(4.0)}

    assert {name: len(found) for name, found in rows.items()} == {
        "Board of directors": 8,
        "Dues lapse in 30 days": 240,
        "Regular members": 3_000,
        "All members": 5_000,
        "Conference registrants": 120,
        "Dirty numbers": len(DIRTY_NUMBERS),
        "Members of a chapter": 2_000,
        "Empty": 0,
        "Slow": 25,
        "No aliases": 40,
        "No ID column": 30,
        "Columns called Item": 40,
        "Not for programs": 40,
    }
    by_name = {query.name: query for query in queries(4.0)}
    assert by_name["Slow"].seconds_a_page == 4.0
    assert not any(column.alias for column in by_name["No aliases"].columns)
    assert "ID" not in {column.alias for column in by_name["No ID column"].columns}


def test_dirty_numbers_are_dirty_in_every_way() -> None:
    found = Counter(number for number in DIRTY_NUMBERS if number)

    assert {None, "", "-"} <= set(DIRTY_NUMBERS)
    assert any("ext" in number for number in found)
    assert any(number.startswith("+44") for number in found)
    same = {number.strip("+1") for number in found if number.strip("+1() -").endswith("0190")}
    assert len(same) > 1, "the same number, typed differently"
    assert found["202-555-0190"] == 2, "and typed alike"
