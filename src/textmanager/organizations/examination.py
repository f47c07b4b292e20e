"""Examines how an organization reaches its iMIS and its Twilio account, and is reached by it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from django.utils import timezone

from textmanager.config.bridge import wait_for
from textmanager.config.finding import Finding
from textmanager.config.hooks import inbound_path, reach_path
from textmanager.config.reach import answer_to
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.directory import NOT_VERIFIED, AccountSender, list_senders
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.imis.client import ImisClient, roles_of
from textmanager.imis.errors import ImisError
from textmanager.organizations.activity_types import (
    ActivityTypes,
    FoundType,
    activity_types,
    types_found,
)
from textmanager.organizations.connections import (
    CONNECT,
    NotConnected,
    imis_client,
    twilio_credentials,
)
from textmanager.organizations.imis_health import password_expires, password_problem
from textmanager.organizations.models import ImisConnection, Organization

SECONDS_TO_ANSWER = 10
# A run starts within seconds of its occurrence; nobody notices a clock that is wrong by less.
CLOCKS_MAY_DIFFER = dt.timedelta(seconds=10)
UNAUTHORIZED = 401
HOW_TO_CREATE = "Create it with one click under Settings, iMIS, Activity types."
STAFF_ROLES = frozenset({"sysadmin", "remoteservice"})


def examine_organization(organization: Organization) -> Iterator[Finding]:
    """Signs in at its iMIS and its Twilio; sends and writes nothing."""
    yield from _imis(organization)
    yield from _twilio(organization)


def clock_beside(whose: str, theirs: dt.datetime) -> Finding:
    """How this machine's clock stands to another's."""
    ahead = dt.datetime.now(dt.UTC) - theirs
    if abs(ahead) <= CLOCKS_MAY_DIFFER:
        return Finding("Clock", f"It agrees with {whose}.")
    direction = "ahead of" if ahead > dt.timedelta(0) else "behind"
    return Finding(
        "Clock",
        f"It is {abs(ahead).total_seconds():.0f} s {direction} {whose}: campaigns would run "
        "at the wrong time.",
        "Let the clocks be set over the network: timedatectl set-ntp true",
    )


def _imis(organization: Organization) -> Iterator[Finding]:
    try:
        client = imis_client(organization.pk)
    except NotConnected as error:
        yield Finding("iMIS", str(error), error.remedy)
        return
    try:
        seen = wait_for(_sign_in_and_look(client, activity_types(organization.pk)))
    except ImisError as error:
        yield Finding(
            "iMIS",
            f"{error.words} It was asked at {client.base_url} as {client.username}.",
            error.remedy or CONNECT,
        )
        return
    yield Finding("iMIS", f"{client.base_url} lets {seen.username} in.")
    yield from _account(organization, seen)
    missing = [each for each in seen.types if not each.is_there]
    for each in missing:
        words = f"The activity type {each.name} is missing: {each.purpose.without}."
        yield Finding("Activity types", words, HOW_TO_CREATE)
    if not missing:
        names = ", ".join(each.name for each in seen.types)
        yield Finding("Activity types", f"{names} are there.")


@dataclass(frozen=True)
class _SeenInImis:
    """`username` is the user's name as iMIS writes it; no `roles` where a site tells none."""

    username: str
    roles: tuple[str, ...]
    types: list[FoundType]


async def _sign_in_and_look(client: ImisClient, names: ActivityTypes) -> _SeenInImis:
    async with client:
        username = await client.sign_in()
        types = await types_found(client, names)
        try:
            roles = await roles_of(client, username)
        except ImisError:
            # Whoever runs campaigns need not see roles.
            roles = ()
    return _SeenInImis(username, roles, types)


def _account(organization: Organization, seen: _SeenInImis) -> Iterator[Finding]:
    """What is wrong, or soon will be, with an account that is let in."""
    if seen.roles and STAFF_ROLES.isdisjoint(role.casefold() for role in seen.roles):
        yield Finding(
            "iMIS account",
            f"{seen.username} is not staff: its roles are {', '.join(seen.roles)}.",
            "In iMIS, give the background account the rights of a staff user and the role "
            "RemoteService.",
        )
    now = timezone.now()
    connection = ImisConnection.objects.get(organization=organization)
    problem = password_problem(connection, now)
    if problem is not None:
        yield Finding("iMIS password", problem.words, problem.remedy)
    else:
        left = password_expires(connection) - now
        yield Finding("iMIS password", f"It is good for {left.days} more days.")


def _twilio(organization: Organization) -> Iterator[Finding]:
    subject = "Twilio"
    try:
        credentials = twilio_credentials(organization.pk)
        account = wait_for(check_account(credentials))
        theirs = wait_for(list_senders(credentials))
    except NotConnected as error:
        yield Finding(subject, str(error), error.remedy)
        return
    except GatewayError as error:
        yield Finding(subject, str(error), _twilio_remedy(error))
        return
    if account.status == "active":
        yield Finding(subject, f"The account {account.friendly_name} is active.")
    else:
        yield Finding(
            subject,
            f"The account {account.friendly_name} is {account.status}.",
            "Look into Twilio's console for what is due there.",
        )
    clock = wait_for(_time_at(credentials))
    if clock is not None:
        yield clock_beside("Twilio's", clock)
    yield from _senders(organization, theirs)
    yield _public_address(organization)


def _twilio_remedy(error: GatewayError) -> str:
    if isinstance(error, TwilioRefused) and error.status == UNAUTHORIZED:
        return "Copy the account SID and the auth token from Twilio's console once more."
    return "Let this machine reach Twilio (api.twilio.com, port 443), then try again."


async def _time_at(credentials: TwilioCredentials) -> dt.datetime | None:
    """What Twilio's clock says, to the second: any answer of its web server tells."""
    timeout = aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.head(credentials.base_url, allow_redirects=False) as answer,
        ):
            return parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, LookupError, ValueError):
        return None


def _senders(organization: Organization, theirs: list[AccountSender]) -> Iterator[Finding]:
    at_twilio = {each.address: each for each in theirs}
    senders = list(organization.senders.filter(is_active=True).order_by("name"))
    if not senders:
        yield Finding(
            "Senders", "There is none: nothing can be sent.", "Add one under Settings, Twilio."
        )
    ours = settings.PUBLIC_URL + inbound_path(organization.cloud_id)
    for sender in senders:
        found = at_twilio.get(sender.number or sender.messaging_service_sid)
        if found is None:
            yield Finding(
                "Senders",
                f"{sender} is not in this Twilio account.",
                "Take it out of use under Settings, Twilio, or connect the account that has it.",
            )
        elif found.registration == NOT_VERIFIED:
            yield Finding(
                "Senders",
                f"{sender}: {found.registration}.",
                "Ask for toll-free verification in Twilio's console; it takes three to five days.",
            )
        elif found.inbound_url != ours:
            yield Finding(
                "Senders",
                f"{sender}: replies and STOP do not come here.",
                f"Under Settings, Twilio, let its texts come here, or enter {ours} at Twilio.",
            )
        else:
            yield Finding("Senders", f"{sender} can send, and its replies come here.")


def _public_address(organization: Organization) -> Finding:
    """Asks this very installation over its public address, with a question only it can answer."""
    subject = "Public address"
    nonce = secrets.token_urlsafe(16)
    url = settings.PUBLIC_URL + reach_path(organization.cloud_id)
    problem = wait_for(_ask(url, nonce, answer_to(nonce)))
    if problem:
        return Finding(
            subject,
            f"{settings.PUBLIC_URL} does not lead here: {problem}.",
            "Delivery is still followed, by asking Twilio, only later. Set TEXTMANAGER_PUBLIC_URL "
            "to the address under which Twilio can call this installation, and let the proxy in "
            f"front of it pass {urlsplit(url).path.rpartition('/')[0]}/ on.",
        )
    return Finding(subject, f"{settings.PUBLIC_URL} leads here.")


async def _ask(url: str, nonce: str, wanted: str) -> str:
    """What went wrong; empty when the answer was ours."""
    timeout = aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=nonce.encode(), allow_redirects=False) as answer,
        ):
            if (await answer.text(errors="replace")).strip() == wanted:
                return ""
            return f"something else answered, with HTTP status {answer.status}"
    except TimeoutError:
        return "nothing answered in ten seconds"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return f"there was no answer ({type(error).__name__})"
