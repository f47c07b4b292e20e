"""The signed round trip over the public address tells what stands in Twilio's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

import world
from serving_in_thread import serve_in_thread
from textmanager.config.asgi import application
from textmanager.gateway.transport import TWILIO_API
from textmanager.organizations import reach, twilio_health
from textmanager.organizations.models import Organization, TwilioConnection
from textmanager.organizations.reach import Reach
from textmanager.organizations.twilio_health import watch_twilio

pytestmark = pytest.mark.django_db(transaction=True)

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


def look(organization: Organization) -> Reach:
    connection = TwilioConnection.objects.get(organization=organization)
    return asyncio.run(reach.look(connection, organization.cloud_id))


def without_signature(app: App) -> App:
    """A proxy that lets only the headers through that it knows."""

    async def proxy(scope: Scope, receive: Any, send: Any) -> None:
        kept = [(k, v) for k, v in scope["headers"] if k != b"x-twilio-signature"]
        await app({**scope, "headers": kept}, receive, send)

    return proxy


def below_another_path(app: App) -> App:
    """A proxy that shows us another path than Twilio was given, which breaks the signature."""

    async def proxy(scope: Scope, receive: Any, send: Any) -> None:
        await app({**scope, "query_string": b"from=proxy"}, receive, send)

    return proxy


def test_a_way_that_is_free_is_found_so(organization: Organization, settings: Any) -> None:
    with serve_in_thread(application) as settings.PUBLIC_URL:
        assert look(organization) == Reach()


@pytest.mark.parametrize("proxy", [without_signature, below_another_path])
def test_a_proxy_that_breaks_the_signature_is_found_out(
    organization: Organization, settings: Any, proxy: Callable[[App], App]
) -> None:
    with serve_in_thread(proxy(application)) as settings.PUBLIC_URL:
        found = look(organization)
    assert "a signature like Twilio's is not believed" in found.problem
    assert "X-Twilio-Signature" in found.remedy


def test_an_address_without_anybody_is_told(organization: Organization, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    found = look(organization)
    assert "does not lead here: there was no answer" in found.problem
    assert "TEXTMANAGER_PUBLIC_URL" in found.remedy


@pytest.mark.parametrize("host", ["localhost:8000", "10.0.0.7", "texts.internal"])
def test_the_real_twilio_cannot_call_an_inner_address(
    organization: Organization, settings: Any, host: str
) -> None:
    TwilioConnection.objects.update(base_url=TWILIO_API)
    settings.PUBLIC_URL = f"http://{host}"
    assert "an address that only this network knows" in look(organization).problem


def test_without_a_token_there_is_no_signature_to_try(
    organization: Organization, settings: Any
) -> None:
    TwilioConnection.objects.update(auth_token_sealed="")
    with serve_in_thread(application) as settings.PUBLIC_URL:
        assert look(organization) == Reach()


def test_the_watch_keeps_what_it_finds(organization: Organization, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    asyncio.run(watch_twilio(0))
    kept = TwilioConnection.objects.get()
    assert "does not lead here" in kept.reach_problem
    assert kept.is_polling
    with serve_in_thread(application) as settings.PUBLIC_URL:
        asyncio.run(watch_twilio(0))
    kept.refresh_from_db()
    assert kept.reach_problem == ""
    assert kept.reach_checked_at is not None
    assert not kept.is_polling


def test_one_organization_in_trouble_hides_no_other(
    organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    other = world.organization("other")

    async def fails_for_the_first(organization_id: int) -> str:
        if organization_id == organization.pk:
            raise RuntimeError("Nobody foresaw this.")
        return ""

    monkeypatch.setattr(twilio_health, "_look_up", fails_for_the_first)
    asyncio.run(watch_twilio(0))
    assert TwilioConnection.objects.get(organization=other).reach_checked_at is not None
