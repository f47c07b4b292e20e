"""Sign-in at iMIS: tokens kept, renewed in time and after a refusal, never one too many."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from serving import serve
from textmanager.imis.client import ImisClient, sign_in_staff
from textmanager.imis.errors import (
    ImisForbidden,
    ImisNotImis,
    ImisNotStaff,
    ImisSignInRefused,
    ImisUnreachable,
)
from textmanager.imis.tokens import Token, TokenStore
from textmanager.sandbox.imis import ImisSettings, create_app


async def test_one_sign_in_serves_many_calls_at_once(site) -> None:
    async with site.client() as client:
        await asyncio.gather(*(client.get("Party/10001") for _ in range(20)))

    assert await site.requests("/token") == 1
    assert await site.requests("/api/Party") == 20


async def test_another_client_of_the_same_account_uses_the_same_token(site) -> None:
    tokens = TokenStore()
    for _ in range(3):
        async with site.client(tokens=tokens) as client:
            await client.get("Party/10001")

    assert await site.requests("/token") == 1


async def test_a_token_is_renewed_before_it_ends(http: aiohttp.ClientSession) -> None:
    app = create_app(ImisSettings(slow_seconds=0, token_seconds=1))
    async with serve(app) as base_url:
        client = ImisClient(base_url, "textmanager", "background-password", tokens=TokenStore())
        async with client:
            await client.get("Party/10001")
            await asyncio.sleep(0.95)
            await client.get("Party/10001")
        async with http.get(f"{base_url}/_sandbox/requests") as answer:
            seen = await answer.json()

    # A token that is nearly over is not tried: no call was refused and repeated.
    assert seen["/token"] == 2
    assert seen["/api/Party/10001"] == 2


async def test_a_token_that_the_site_forgot_is_renewed_once_and_the_call_repeated(site) -> None:
    async with site.client() as client:
        await client.get("Party/10001")
        await site.forget_tokens()
        assert (await client.get("Party/10001"))["PartyId"] == "10001"

    assert await site.requests("/token") == 2
    assert await site.requests("/api/Party") == 3


async def test_a_write_with_a_forgotten_token_is_carried_out_once(site) -> None:
    async with site.client() as client:
        await client.sign_in()
        await site.forget_tokens()
        await client.post("LegacyActivityType", {"ActivityTypeId": "WELCOME"})

    assert await site.requests("/api/LegacyActivityType") == 2
    assert await site.requests("/token") == 2


async def test_a_site_that_refuses_every_token_is_not_asked_for_ever(site) -> None:
    await site.fault("status", "/api/", status=401, count=100)
    async with site.client() as client:
        with pytest.raises(ImisForbidden, match="RemoteService"):
            await client.get("Party/10001")

    assert await site.requests("/api/") == 2


async def test_a_password_that_was_changed_does_not_live_on_in_a_token(site) -> None:
    tokens = TokenStore()
    async with site.client(tokens=tokens) as client:
        await client.sign_in()
    async with site.client(tokens=tokens, password="mistyped") as client:
        with pytest.raises(ImisSignInRefused):
            await client.sign_in()


def test_a_token_is_never_shown() -> None:
    token = Token("very-secret", expires_at=0, lifetime=1, username="ann")

    assert "very-secret" not in repr(token)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("The user name or password is incorrect.", "does not accept the user name or password"),
        ("Your password has expired.", "has expired. Set a new one in iMIS"),
        ("The account is locked out.", "is locked. Have it unlocked"),
        ("This login is disabled.", "is switched off. Have it enabled"),
        ("The user is not active.", "is switched off. Have it enabled"),
    ],
)
async def test_why_a_sign_in_is_refused(site, said: str, words: str) -> None:
    body = f'{{"error":"invalid_grant","error_description":"{said}"}}'
    await site.fault("status", "/token", status=400, text=body)
    async with site.client() as client:
        with pytest.raises(ImisSignInRefused, match=words) as caught:
            await client.sign_in()

    assert caught.value.permanent
    assert "background-password" not in f"{caught.value} {caught.value.detail}"


async def test_a_site_without_sign_ins_by_password_says_so(site) -> None:
    await site.fault("status", "/token", status=400, text='{"error":"unsupported_grant_type"}')
    async with site.client() as client:
        with pytest.raises(ImisSignInRefused, match="takes no sign-ins by user name"):
            await client.sign_in()


async def test_a_wrong_password_is_tried_once(site) -> None:
    async with site.client(password="mistyped") as client:
        with pytest.raises(ImisSignInRefused, match="“textmanager”"):
            await client.get("Party/10001")

    assert await site.requests("/token") == 1, "Too many tries lock an account."


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html"}, "maintenance page"),
        ({"kind": "status", "status": 503, "text": "<h1>Site upgrade</h1>"}, "maintenance page"),
        ({"kind": "status", "status": 404}, "not as iMIS does"),
        ({"kind": "status", "status": 302}, "not as iMIS does"),
        ({"kind": "status", "status": 200, "text": "{}"}, "not as iMIS does"),
        ({"kind": "status", "status": 200, "text": "[1]"}, "not as iMIS does"),
        ({"kind": "status", "status": 400, "text": "<html>Bad Request"}, "not as iMIS does"),
    ],
)
async def test_an_address_that_is_not_imis(site, fault: dict, words: str) -> None:
    await site.fault(path="/token", **fault)
    async with site.client() as client:
        with pytest.raises(ImisNotImis, match=words):
            await client.sign_in()


async def test_a_password_does_not_follow_a_redirect(site) -> None:
    await site.fault("status", "/token", status=307)
    async with site.client() as client:
        with pytest.raises(ImisNotImis):
            await client.sign_in()

    assert await site.requests("/token") == 1


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("http://127.0.0.1:1", ImisUnreachable, "Nothing answers at 127.0.0.1:1"),
        ("http://no-such-site.invalid", ImisUnreachable, "No server is called"),
        ("example.imiscloud.com", ImisNotImis, "not a web address"),
        ("", ImisNotImis, "not a web address"),
    ],
)
async def test_an_address_where_nothing_is(address: str, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        await sign_in_staff(address, "jordan.lee", "demo-password")


async def test_plain_http_where_a_secure_connection_was_expected(site) -> None:
    secure = site.base_url.replace("http://", "https://")
    with pytest.raises(ImisUnreachable, match="secure connection"):
        await sign_in_staff(secure, "jordan.lee", "demo-password")


async def test_staff_sign_in_by_either_way_to_learn_their_roles(site, older_site) -> None:
    for one in (site, older_site):
        user = await sign_in_staff(one.base_url, "Jordan.Lee", "demo-password")
        assert (user.username, user.roles) == ("jordan.lee", ("SysAdmin",))


async def test_a_member_is_not_staff(site, older_site) -> None:
    for one in (site, older_site):
        with pytest.raises(ImisNotStaff, match="Only iMIS staff"):
            await sign_in_staff(one.base_url, "member", "member-password")


async def test_someone_elses_roles_do_not_count(older_site) -> None:
    """A site that ignores the filter answers with everybody."""
    everybody = (
        '{"Items":{"$values":[{"UserName":"jordan.lee","Roles":{"$values":'
        '[{"RoleName":"SysAdmin"}]}},{"UserName":"member","Roles":{"$values":[]}}]}}'
    )
    await older_site.fault("status", "/api/User", status=200, text=everybody, method="GET")
    with pytest.raises(ImisNotStaff):
        await sign_in_staff(older_site.base_url, "member", "member-password")


async def test_a_disabled_account_is_not_staff(older_site) -> None:
    disabled = (
        '{"Items":{"$values":[{"UserName":"jordan.lee","IsDisable":true,'
        '"Roles":{"$values":[{"RoleName":"SysAdmin"}]}}]}}'
    )
    await older_site.fault("status", "/api/User", status=200, text=disabled, method="GET")
    with pytest.raises(ImisNotStaff):
        await sign_in_staff(older_site.base_url, "jordan.lee", "demo-password")
