"""Whether Twilio's webhooks can reach us: a signed round trip over the public address."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from django.utils import timezone

from textmanager.config.hooks import reach_path
from textmanager.config.reach import NONCE, answer_to
from textmanager.gateway.receipts import sign
from textmanager.gateway.transport import TWILIO_API
from textmanager.organizations.models import TwilioConnection
from textmanager.organizations.secrets import REMEDY, UNREADABLE, SecretUnreadable

SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class Reach:
    """What the round trip found. `problem` is empty when Twilio's webhooks will be believed."""

    problem: str = ""
    remedy: str = ""


async def look(connection: TwilioConnection, cloud_id: str) -> Reach:
    """Asks this very installation over its public address, as Twilio would call it.

    The question is signed as Twilio signs, and only we know the answer: so another server, a
    proxy that changes the address and a token that does not fit are each told apart.
    """
    url = settings.PUBLIC_URL + reach_path(cloud_id)
    if connection.base_url == TWILIO_API and _is_private(urlsplit(url).hostname or ""):
        return Reach(
            f"{settings.PUBLIC_URL} is an address that only this network knows",
            "Set TEXTMANAGER_PUBLIC_URL to the address under which Twilio can call this "
            "installation.",
        )
    nonce = secrets.token_urlsafe(16)
    try:
        token = connection.auth_token
    except SecretUnreadable:
        return Reach(UNREADABLE.rstrip("."), REMEDY)
    said, problem = await _ask(url, nonce, token)
    if problem:
        return Reach(
            f"{settings.PUBLIC_URL} does not lead here: {problem}",
            "Set TEXTMANAGER_PUBLIC_URL to the address under which Twilio can call this "
            "installation, and let the proxy in front of it pass "
            f"{urlsplit(url).path.rpartition('/')[0]}/ on.",
        )
    if said == answer_to(nonce, is_signed=True) or not token:
        return Reach()
    return Reach(
        f"{settings.PUBLIC_URL} leads here, but a signature like Twilio's is not believed",
        "Let the proxy pass the path, the query and the header X-Twilio-Signature on unchanged, "
        "and give every process the same TEXTMANAGER_PUBLIC_URL.",
    )


async def _ask(url: str, nonce: str, token: str) -> tuple[str, str]:
    """The answer, and what went wrong; that is empty when the answer was one of ours."""
    form = {NONCE: nonce}
    headers = {"X-Twilio-Signature": sign(url, form, token)} if token else {}
    timeout = aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER)
    ours = {answer_to(nonce, is_signed=is_signed) for is_signed in (True, False)}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=form, headers=headers, allow_redirects=False) as answer,
        ):
            said = (await answer.text(errors="replace")).strip()
            if said in ours:
                return said, ""
            return "", f"something else answered, with HTTP status {answer.status}"
    except TimeoutError:
        return "", "nothing answered in ten seconds"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return "", f"there was no answer ({type(error).__name__})"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal", ".localhost"))


def note_reach(connection_id: int, found: Reach) -> None:
    """Keeps what the look found: the settings page shows it, and the polling follows it."""
    TwilioConnection.objects.filter(pk=connection_id).update(
        reach_problem=found.problem[:300], reach_checked_at=timezone.now()
    )
