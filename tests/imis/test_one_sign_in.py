"""One sign-in at a time for a password, over clients and threads; a refused one rests."""

from __future__ import annotations

import asyncio
import threading

import pytest
import requests

from serving_in_thread import serve_in_thread
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError, ImisSignInRefused, ImisUnreachable
from textmanager.imis.tokens import SECONDS_AFTER_REFUSAL, TokenStore
from textmanager.sandbox.imis import ImisSettings, create_app

REFUSED = {"status": 400, "text": '{"error":"invalid_grant","error_description":"No."}'}


async def signed_in(client: ImisClient) -> str:
    async with client:
        return await client.sign_in()


async def test_clients_of_one_account_wait_for_one_sign_in(site) -> None:
    tokens = TokenStore()
    await site.fault("slow", "/token", seconds=0.1)

    names = await asyncio.gather(*(signed_in(site.client(tokens=tokens)) for _ in range(10)))

    assert names == ["textmanager"] * 10
    assert await site.requests("/token") == 1


def test_threads_with_loops_of_their_own_wait_for_one_sign_in() -> None:
    with serve_in_thread(create_app(ImisSettings())) as address:
        tokens = TokenStore()
        start = threading.Barrier(6)
        names = []

        def one() -> None:
            start.wait(timeout=10)
            client = ImisClient(address, "textmanager", "background-password", tokens=tokens)
            names.append(asyncio.run(signed_in(client)))

        threads = [threading.Thread(target=one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert names == ["textmanager"] * 6
        assert requests_at(address) == 1


def requests_at(address: str) -> int:
    seen = requests.get(f"{address}/_sandbox/requests", timeout=5).json()
    return int(seen["/token"])


async def test_who_waits_learns_of_the_failure_and_does_not_try_as_well(site) -> None:
    tokens = TokenStore()
    await site.fault("slow", "/token", seconds=0.1)
    clients = [site.client(tokens=tokens, password="mistyped") for _ in range(5)]

    outcomes = await asyncio.gather(*map(signed_in, clients), return_exceptions=True)

    assert all(isinstance(each, ImisSignInRefused) for each in outcomes), outcomes
    assert len({id(each) for each in outcomes}) == 5, "Each has a traceback of its own."
    assert await site.requests("/token") == 1


async def test_when_the_one_who_signs_in_is_called_off_another_does(site) -> None:
    tokens = TokenStore()
    first, second = (asyncio.create_task(signed_in(site.client(tokens=tokens))) for _ in range(2))
    # Both are under way now: the first signs in, the second waits for it.
    await asyncio.sleep(0)
    first.cancel()

    assert await second == "textmanager"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_who_waits_can_be_called_off_without_the_others(site) -> None:
    tokens = TokenStore()
    await site.fault("slow", "/token", seconds=0.2)
    first, second, third = (
        asyncio.create_task(signed_in(site.client(tokens=tokens))) for _ in range(3)
    )
    await asyncio.sleep(0)
    second.cancel()

    assert await first == await third == "textmanager"
    assert await site.requests("/token") == 1


async def test_a_refused_password_rests_for_every_client(site) -> None:
    tokens = TokenStore()
    for _ in range(5):
        with pytest.raises(ImisSignInRefused, match="does not accept"):
            await signed_in(site.client(tokens=tokens, password="mistyped"))

    assert await site.requests("/token") == 1, "Too many tries lock an account."


async def test_a_new_password_is_tried_at_once(site) -> None:
    tokens = TokenStore()
    with pytest.raises(ImisSignInRefused):
        await signed_in(site.client(tokens=tokens, password="mistyped"))

    assert await signed_in(site.client(tokens=tokens)) == "textmanager"


async def test_after_a_pause_a_refused_password_is_tried_once_more(site) -> None:
    tokens = TokenStore()
    refusal = ImisSignInRefused("It was refused elsewhere.")
    tokens.refuse(site.base_url, "textmanager", "background-password", refusal, seconds=60)
    with pytest.raises(ImisSignInRefused, match="refused elsewhere"):
        await signed_in(site.client(tokens=tokens))
    assert await site.requests("/token") == 0

    tokens.refuse(site.base_url, "textmanager", "background-password", refusal, seconds=0)
    assert await signed_in(site.client(tokens=tokens)) == "textmanager"


def test_the_pause_is_longer_than_wrong_passwords_are_counted_together() -> None:
    assert SECONDS_AFTER_REFUSAL > 600


async def test_somebody_who_insists_signs_in_at_once(site) -> None:
    tokens = TokenStore()
    await site.fault("status", "/token", **REFUSED)
    with pytest.raises(ImisSignInRefused):
        await signed_in(site.client(tokens=tokens))

    async with site.client(tokens=tokens) as client:
        assert await client.sign_in(insist=True) == "textmanager"


async def test_an_imis_that_is_away_is_no_refusal(site) -> None:
    tokens = TokenStore()
    await site.fault("reset", "/token")
    with pytest.raises(ImisUnreachable):
        await signed_in(site.client(tokens=tokens))

    assert await signed_in(site.client(tokens=tokens)) == "textmanager"


async def test_a_refusal_is_told_to_whoever_wants_to_know(site) -> None:
    told: list[ImisError] = []

    async def keep(error: ImisError) -> None:
        told.append(error)

    client = site.client(password="mistyped", on_refusal=keep)
    with pytest.raises(ImisSignInRefused):
        await signed_in(client)

    assert ["does not accept" in str(error) for error in told] == [True]
