"""Examines how an organization reaches its iMIS; its Twilio half is twilio_examination.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from textmanager.config.bridge import wait_for
from textmanager.config.finding import Finding
from textmanager.imis.client import ImisClient, roles_of
from textmanager.imis.errors import ImisError
from textmanager.organizations.activity_types import (
    ActivityTypes,
    FoundType,
    activity_types,
    types_found,
)
from textmanager.organizations.connections import CONNECT, NotConnected, imis_client
from textmanager.organizations.imis_health import (
    opt_outs_problem,
    password_expires,
    password_problem,
)
from textmanager.organizations.models import ImisConnection, Organization
from textmanager.organizations.templatetags.times import relative
from textmanager.organizations.twilio_examination import ExpectedCost, examine_twilio

HOW_TO_CREATE = "Create it with one click under Settings, iMIS, Activity types."
STAFF_ROLES = frozenset({"sysadmin", "remoteservice"})


def examine_organization(
    organization: Organization, *, to_come: ExpectedCost | None = None
) -> Iterator[Finding]:
    """Signs in at its iMIS and its Twilio; sends and writes nothing.

    The balance is to suffice for what is `to_come`.
    """
    yield from _imis(organization)
    yield from examine_twilio(organization, to_come=to_come)


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
        expires = relative(password_expires(connection), now)
        yield Finding("iMIS password", f"It expires {expires}, if it was set when it was entered.")
    unread = opt_outs_problem(connection, now)
    if unread is not None:
        yield Finding("iMIS opt-outs", unread.words, unread.remedy)
