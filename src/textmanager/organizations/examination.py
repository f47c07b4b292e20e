"""Examines how an organization reaches its iMIS; its Twilio half is twilio_examination.py."""

from __future__ import annotations

from collections.abc import Iterator

from textmanager.config.bridge import wait_for
from textmanager.config.finding import Finding
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.records import activity_type_exists
from textmanager.organizations.connections import NotConnected, imis_client
from textmanager.organizations.models import Organization
from textmanager.organizations.twilio_examination import examine_twilio

CONNECT = "Connect it under Settings, or with: textmanager connect"
ACTIVITY_TYPES = {
    "TEXTMSG": "texts are not written to members' records",
    "TEXTUNSUB": "opt-outs are not written to members' records",
    "TEXTUNSUB_A": "who comes back is not written to members' records",
}
HOW_TO_CREATE = (
    "In iMIS, go to Settings, Contacts, Activity types, add {name}, and give it the prompts "
    "Description, Note, CEU type and UF_1."
)


def examine_organization(organization: Organization) -> Iterator[Finding]:
    """Signs in at its iMIS and its Twilio; sends and writes nothing."""
    yield from _imis(organization)
    yield from examine_twilio(organization)


def _imis(organization: Organization) -> Iterator[Finding]:
    try:
        client = imis_client(organization.pk)
    except NotConnected as error:
        yield Finding("iMIS", str(error), CONNECT)
        return
    try:
        username, missing = wait_for(_sign_in_and_look(client))
    except ImisError as error:
        yield Finding(
            "iMIS", str(error), f"It was asked at {client.base_url} as {client.username}."
        )
        return
    yield Finding("iMIS", f"{client.base_url} lets {username} in.")
    for name, consequence in ACTIVITY_TYPES.items():
        if name in missing:
            words = f"The activity type {name} is missing: {consequence}."
            yield Finding("Activity types", words, HOW_TO_CREATE.format(name=name))
    if not missing:
        yield Finding("Activity types", f"{', '.join(ACTIVITY_TYPES)} are there.")


async def _sign_in_and_look(client: ImisClient) -> tuple[str, frozenset[str]]:
    """The user's name as iMIS writes it, and the activity types that it does not have."""
    async with client:
        username = await client.sign_in()
        there = {name: await activity_type_exists(client, name) for name in ACTIVITY_TYPES}
    return username, frozenset(name for name, is_there in there.items() if not is_there)
