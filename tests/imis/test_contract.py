"""What we send, and what the sandbox answers, have the documented shapes of iMIS."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import imis_shapes as shapes
from imis_shapes import misfit
from textmanager.imis import transport
from textmanager.imis.client import ImisClient
from textmanager.imis.iqa import browse, describe, fetch_page
from textmanager.imis.records import (
    Activity,
    ActivityType,
    CommunicationLogEntry,
    create_activity,
    create_activity_type,
    create_communication_log_entry,
)

BOARD = "$/Text Manager/Board of directors"
ACTIVITY = Activity(
    party_id="10001",
    activity_type="TEXTUNSUB",
    transaction_date=dt.datetime(2026, 11, 23, 15, 4, 5, 678, tzinfo=dt.UTC),
    description="+12025550100",
    note="STOP",
    category="Text Manager",
    uf_1="+12025550100",
)
ENTRY = CommunicationLogEntry("10001", "Dues reminder", "Hi Ann", "+12025550100")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Every request of ours, as it left: method, address, and what went with it."""
    seen: list[tuple[str, str, dict[str, Any]]] = []
    exchange = transport.exchange

    async def listen(session: Any, method: str, url: str, **request: Any) -> tuple[int, str]:
        seen.append((method, url, dict(request)))
        return await exchange(session, method, url, **request)

    monkeypatch.setattr(transport, "exchange", listen)
    return seen


async def raw(site: Any, client: ImisClient, path: str, **request: Any) -> Any:
    """What the sandbox answers, with nothing of ours between."""
    token = await client._token()
    headers = {"Authorization": f"Bearer {token.value}"}
    method = request.pop("method", "GET")
    url = f"{site.base_url}/{path}"
    async with site.http.request(method, url, headers=headers, **request) as answer:
        return await answer.json()


class TestWhatWeSend:
    async def test_a_sign_in(self, client: ImisClient, sent: list) -> None:
        await client.sign_in()
        (method, url, request) = sent[0]
        assert (method, url) == ("POST", f"{client.base_url}/token")
        assert set(request["data"]) == {"grant_type", "username", "password"}
        assert request["data"]["grant_type"] == "password"

    async def test_a_bearer_token_goes_with_every_call(self, client, sent: list) -> None:
        await fetch_page(client, BOARD, offset=0)
        assert sent[-1][2]["headers"]["Authorization"].startswith("Bearer ")

    async def test_a_page_of_a_query(self, client, older_site, sent: list) -> None:
        await fetch_page(client, BOARD, offset=0)
        assert sent[-1][1].endswith("/api/query")
        assert dict(sent[-1][2]["params"]) == {"QueryName": BOARD, "Offset": "0", "Limit": "500"}
        async with older_site.client() as older:
            await fetch_page(older, BOARD, offset=0, answers=[("Chapter", ""), ("ID", "1")])
        assert sent[-1][1].endswith("/api/iqa")
        assert sent[-1][2]["params"][-2:] == [("Parameter", ""), ("Parameter", "eq:1")]

    async def test_named_operations(self, client, sent: list) -> None:
        await describe(client, BOARD)
        await browse(client)
        for method, _, request in sent[1:]:
            assert method == "POST"
            assert misfit(shapes.EXECUTE, request["json"]) == ""
        assert sent[1][1].endswith("/api/QueryDefinition/_execute")
        assert sent[2][1].endswith("/api/DocumentSummary/_execute")

    async def test_an_activity(self, client, sent: list) -> None:
        await create_activity(client, ACTIVITY)
        method, url, request = sent[-1]
        assert (method, url) == ("POST", f"{client.base_url}/api/Activity")
        assert misfit(shapes.ACTIVITY, request["json"]) == ""
        columns = {each["Name"]: each["Value"] for each in request["json"]["Properties"]["$values"]}
        assert columns.keys() == shapes.ACTIVITY_COLUMNS
        # Dates have no zone: it is UTC. "CEU type" is what iMIS calls the column CATEGORY.
        assert columns["TRANSACTION_DATE"] == "2026-11-23T15:04:05"
        assert columns["CATEGORY"] == "Text Manager"

    async def test_an_entry_of_the_communication_log(self, client, sent: list) -> None:
        await create_communication_log_entry(client, ENTRY)
        assert sent[-1][1].endswith("/api/CommunicationLogRecipient")
        assert misfit(shapes.LOG_ENTRY, sent[-1][2]["json"]) == ""

    async def test_an_activity_type(self, client, sent: list) -> None:
        new = ActivityType("WELCOME", "Welcome", {"NotePrompt": "Text"})
        await create_activity_type(client, new)
        body = sent[-1][2]["json"]
        assert misfit(shapes.ACTIVITY_TYPE, body) == ""
        # As the site itself names those that are there.
        assert body["$type"].endswith("LegacyActivityTypeData, Asi.Contracts")


class TestWhatTheSandboxAnswers:
    async def test_a_token_and_its_refusal(self, site) -> None:
        form = {"Grant_type": "password", "Username": "textmanager"}
        for password, status, shape in (
            ("background-password", 200, shapes.TOKEN),
            ("mistyped", 400, shapes.TOKEN_REFUSED),
        ):
            url = f"{site.base_url}/Token"
            async with site.http.post(url, data={**form, "Password": password}) as answer:
                assert answer.status == status
                assert misfit(shape, await answer.json()) == ""

    async def test_a_call_without_a_token(self, site) -> None:
        async with site.http.get(f"{site.base_url}/api/Party") as answer:
            assert answer.status == 401
            assert misfit(shapes.NOT_AUTHORIZED, await answer.json()) == ""

    async def test_pages_of_both_shapes(self, site, client) -> None:
        asked = {"params": {"QueryName": BOARD, "Limit": "3"}}
        flat = await raw(site, client, "api/query", **asked)
        bags = await raw(site, client, "api/iqa", **asked)
        assert misfit(shapes.PAGE_OF_ROWS, flat) == ""
        assert misfit(shapes.PAGE_OF_BAGS, bags) == ""
        first = bags["Items"]["$values"][0]["Properties"]["$values"][0]
        assert (first["Name"], first["Value"]) == ("ResultRow", "1")
        assert (flat["HasNext"], flat["NextOffset"]) == (True, 3)

    async def test_documents(self, site, client) -> None:
        body = {"OperationName": "FindDocumentsInFolder", "Parameters": {"$values": ["$/"]}}
        answer = await raw(site, client, "api/DocumentSummary/_execute", method="POST", json=body)
        assert misfit(shapes.service_response(shapes.DOCUMENTS), answer) == ""

    async def test_what_is_not_there_is_null_and_no_error(self, site, client) -> None:
        body = {"OperationName": "FindByPath", "Parameters": {"$values": ["$/Nowhere"]}}
        answer = await raw(site, client, "api/QueryDefinition/_execute", method="POST", json=body)
        assert misfit(shapes.service_response(None), answer) == ""

    async def test_an_activity_that_was_written(self, site, client) -> None:
        number = await create_activity(client, ACTIVITY)
        answer = await raw(site, client, "api/Activity", params={"PartyId": "eq:10001"})
        (written,) = answer["Items"]["$values"]
        assert misfit(shapes.ACTIVITY_WRITTEN, written) == ""
        assert written["Identity"]["IdentityElements"]["$values"] == [number]

    async def test_what_it_refuses(self, site, client) -> None:
        answer = await raw(site, client, "api/Activity", method="POST", json={})
        assert misfit(shapes.VALIDATION, answer) == ""

    async def test_activity_types(self, site, client) -> None:
        answer = await raw(site, client, "api/LegacyActivityType/TEXTMSG")
        assert misfit(shapes.ACTIVITY_TYPE, answer) == ""


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ({"a": int}, {"a": 1, "b": 2}),
        ({"a": int}, {}),
        ({"a": int}, {"a": True}),
        ({"a": [str]}, {"a": ["x", 1]}),
        ({"$type": "X"}, {"$type": "Y"}),
        ({"a": int}, []),
    ],
)
def test_a_shape_notices_what_does_not_fit(shape: Any, found: Any) -> None:
    assert misfit(shape, found)
