"""Each failure of a site is told apart, and only what is safe is tried again."""

from __future__ import annotations

import pytest

from textmanager.imis import answers
from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisInvalid,
    ImisNotFound,
    ImisNotImis,
    ImisUnavailable,
    ImisUnreachable,
)
from textmanager.imis.transport import TIMEOUT


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"kind": "html"}, ImisNotImis, "maintenance page"),
        ({"kind": "status", "status": 302}, ImisNotImis, "not as iMIS does"),
        ({"kind": "status", "status": 403}, ImisForbidden, "may not do this"),
        ({"kind": "status", "status": 404}, ImisNotFound, "does not have this"),
        ({"kind": "status", "status": 501}, ImisNotFound, "does not have this"),
        (
            {"kind": "status", "status": 500, "text": "UnknownEntityTypeFault: Party"},
            ImisNotFound,
            "does not have this",
        ),
        (
            {"kind": "status", "status": 400, "text": "ArgumentFault: no such filter"},
            ImisInvalid,
            "ArgumentFault: no such filter",
        ),
        ({"kind": "status", "status": 400, "text": "<html>"}, ImisInvalid, "no reason given"),
        ({"kind": "status", "status": 418}, ImisError, "HTTP 418"),
    ],
)
async def test_what_lasts_is_asked_once(site, client, fault: dict, error: type, words: str) -> None:
    await site.fault(path="/api/Party", **fault)
    with pytest.raises(error, match=words):
        await client.get("Party/10001")

    assert await site.requests("/api/Party") == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "lost_answer"},
        {"kind": "slow", "seconds": 0.5},
        {"kind": "status", "status": 408},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 200, "text": '{"PartyId":'},
    ],
)
async def test_what_passes_is_read_again(site, client, fault: dict) -> None:
    await client.sign_in()
    await site.fault(path="/api/Party", count=2, **fault)

    assert (await client.get("Party/10001"))["PartyId"] == "10001"
    assert await site.requests("/api/Party") == 3


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"kind": "reset"}, ImisUnreachable, "broke off"),
        ({"kind": "slow", "seconds": 0.5}, ImisUnreachable, "did not answer in time"),
        ({"kind": "status", "status": 429}, ImisUnavailable, "fewer requests"),
        ({"kind": "status", "status": 500}, ImisUnavailable, "fails or is busy"),
        ({"kind": "status", "status": 200, "text": "{"}, ImisUnavailable, "breaks off"),
    ],
)
async def test_what_does_not_pass_is_told_after_three_tries(
    site, client, fault: dict, error: type, words: str
) -> None:
    await client.sign_in()
    await site.fault(path="/api/Party", count=9, **fault)
    with pytest.raises(error, match=words) as caught:
        await client.get("Party/10001")

    assert not caught.value.permanent
    assert not caught.value.ambiguous, "Only a write can be."
    # aiohttp itself repeats a GET when a connection that was kept open is closed.
    by_aiohttp = 2 if fault["kind"] == "reset" else 1
    assert await site.requests("/api/Party") == 3 * by_aiohttp


async def test_a_client_that_was_not_entered_says_so(site) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await site.client().get("Party/10001")


def test_every_call_has_a_time_limit() -> None:
    assert TIMEOUT.total
    assert TIMEOUT.sock_connect
    assert TIMEOUT.sock_read


def test_an_error_keeps_no_more_of_an_answer_than_the_log_needs() -> None:
    error = answers.failure(500, "x" * 10_000, is_write=False)

    assert len(error.detail) == 500
