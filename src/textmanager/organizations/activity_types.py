"""The activity types that records are written as in iMIS: named, looked for, and created."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction

from textmanager.config.bridge import wait_for
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.records import ActivityType, activity_type_exists, create_activity_type
from textmanager.organizations import audit
from textmanager.organizations.connections import NotConnected, imis_client
from textmanager.organizations.models import ImisConnection, Organization, User

# The column that names an activity's type was so wide in iMIS 2017.
ALWAYS_FITS = 10


@dataclass(frozen=True)
class Purpose:
    """What one activity type is for. `field` is where the connection keeps its name."""

    field: str
    usual_name: str
    what: str
    without: str
    description: str
    labels: Mapping[str, str]

    @property
    def prompts(self) -> dict[str, str]:
        """The labels by the member of iMIS's activity type that holds each."""
        return {_MEMBERS[label]: words for label, words in self.labels.items()}


_MEMBERS = {
    "Description": "DescriptionPrompt",
    "Note": "NotePrompt",
    "CEU type": "CeuTypePrompt",
    "UF_1": "Uf1Prompt",
}
_OPT_OUT_LABELS = {
    "Description": "Number",
    "Note": "Words",
    "CEU type": "Category",
    "UF_1": "ToFormatted",
}
PURPOSES = (
    Purpose(
        "text_type",
        "TEXTMSG",
        "Each text that was sent",
        "texts are not written to members' records",
        "Text messages",
        {"Description": "Number", "Note": "Text", "CEU type": "Category"},
    ),
    Purpose(
        "opt_out_type",
        "TEXTUNSUB",
        "Each opt-out, and what is read at night",
        "opt-outs are not written to members' records",
        "Tracking opt-outs",
        _OPT_OUT_LABELS,
    ),
    Purpose(
        "came_back_type",
        "TEXTUNSUB_A",
        "Each end of an opt-out",
        "who comes back is not written to members' records",
        "Ended opt-outs",
        _OPT_OUT_LABELS,
    ),
)


class ActivityTypes(NamedTuple):
    """The names in one organization's iMIS."""

    texts: str
    opt_outs: str
    came_back: str


USUAL = ActivityTypes(*(purpose.usual_name for purpose in PURPOSES))


@dataclass(frozen=True)
class FoundType:
    """One of them, and whether iMIS has it."""

    purpose: Purpose
    name: str
    is_there: bool

    @property
    def steps(self) -> tuple[str, ...]:
        """How a person creates it in iMIS."""
        labels = ", ".join(f"{label}: {words}" for label, words in self.purpose.labels.items())
        return (
            "In iMIS, go to Settings, Contacts, Activity types, and select Add new activity type.",
            f"Type: {self.name}. Description: {self.purpose.description}.",
            f"Labels – {labels}. Leave the others empty, and save.",
        )

    @property
    def may_be_too_long(self) -> bool:
        return len(self.name) > ALWAYS_FITS


class TypeRefused(Exception):
    """An activity type could not be created or named so; the message says why."""


def activity_types(organization_id: int) -> ActivityTypes:
    """The names to write records with; the usual ones while nothing is connected."""
    connection = ImisConnection.objects.filter(organization_id=organization_id).first()
    connection = connection or ImisConnection()
    return ActivityTypes(connection.text_type, connection.opt_out_type, connection.came_back_type)


def look_for_types(organization_id: int) -> list[FoundType]:
    """Each type and whether iMIS has it. Asks iMIS. Raises NotConnected, ImisError."""
    names = activity_types(organization_id)
    client = imis_client(organization_id)
    return wait_for(_look_with(client, names))


async def _look_with(client: ImisClient, names: ActivityTypes) -> list[FoundType]:
    async with client:
        return await types_found(client, names)


async def types_found(client: ImisClient, names: ActivityTypes) -> list[FoundType]:
    """The same with a client that is entered already."""
    there = await asyncio.gather(*(activity_type_exists(client, name) for name in names))
    return [FoundType(*each) for each in zip(PURPOSES, names, there, strict=True)]


def create_activity_types(organization: Organization, *, actor: User) -> list[str]:
    """Creates in iMIS those that are missing; returns their names.

    What is there already is left as it is. Raises TypeRefused when the site does not let one be
    created; those before it stay.
    """
    created: list[str] = []
    try:
        for missing in look_for_types(organization.pk):
            if missing.is_there:
                continue
            wait_for(_create(imis_client(organization.pk), missing))
            created.append(missing.name)
            audit.record(
                organization=organization,
                actor=actor,
                action="created activity type",
                subject=organization,
                after={"activity_type": missing.name},
            )
    except NotConnected as error:
        raise TypeRefused(str(error)) from error
    except ImisError as error:
        raise TypeRefused(_about(error, created)) from error
    return created


async def _create(client: ImisClient, missing: FoundType) -> None:
    new = ActivityType(missing.name, missing.purpose.description, missing.purpose.prompts)
    async with client:
        try:
            await create_activity_type(client, new)
        except ImisError as error:
            # Without an answer it may be there nevertheless.
            if not error.ambiguous or not await activity_type_exists(client, missing.name):
                raise TypeRefused(_why(error, missing)) from error


def _why(error: ImisError, missing: FoundType) -> str:
    words = f"iMIS does not let {missing.name} be created from here: {error.words}"
    if missing.may_be_too_long:
        return (
            f"{words} It has {len(missing.name)} characters, and older sites take "
            f"{ALWAYS_FITS}: give it a shorter name below, or create it by hand."
        )
    return f"{words} Create it by hand as told below."


def _about(error: ImisError, created: list[str]) -> str:
    done = f"{', '.join(created)} is created. " if created else ""
    return f"{done}{error}"


@transaction.atomic
def name_activity_types(
    connection: ImisConnection, names: Mapping[str, str], *, actor: User
) -> None:
    """Writes and reads records under other names from now on.

    `names` are by the field of each purpose, and were validated by the form.
    """
    before = {field: getattr(connection, field) for field in names}
    for field, name in names.items():
        setattr(connection, field, name)
    # What was read under another name is not what there is under this one.
    connection.opt_outs_read_at = None
    connection.save(update_fields=[*names, "opt_outs_read_at"])
    audit.record(
        organization=connection.organization,
        actor=actor,
        action="named activity types",
        subject=connection.organization,
        before=before,
        after=dict(names),
    )
