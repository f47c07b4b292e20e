"""Writes records into an organization's iMIS: of texts that were sent, and of opt-outs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import is_stopping
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError, ImisForbidden, ImisSignInRefused
from textmanager.organizations.connections import NotConnected, imis_client

Record = TypeVar("Record")

# Marks the source; iMIS labels the column "CEU type" on an activity type, its name is CATEGORY.
SOURCE = "Text Manager"
# A call that takes longer has no outcome that anybody waits for any more.
UNTIL_LOOKED_FOR = dt.timedelta(minutes=3)
LONGEST_RETRY = dt.timedelta(hours=1)
# A password that has expired is not right a moment later, and too many tries lock an account.
UNTIL_NEXT_SIGN_IN = dt.timedelta(minutes=15)


async def write_what_is_due(
    organization_id: int,
    *,
    claim: Callable[[int, dt.datetime], Sequence[Record]],
    write: Callable[[ImisClient, Sequence[Record]], Awaitable[bool]],
    put_off: Callable[[int, str, dt.datetime], None],
) -> None:
    """Writes until nothing is due or iMIS fails.

    `claim` commits the attempts at some of what is due, before any call. `write` makes the calls,
    keeps what became of each, and tells whether iMIS failed as a whole. When iMIS lets nobody in,
    `put_off` is given the reason, and lets all that is due wait.
    """
    try:
        client = await in_database(imis_client, organization_id)
    except NotConnected:
        return
    async with client:
        try:
            # Before anything is claimed: one sign-in that fails, and not one for each record,
            # which would lock the account.
            await client.sign_in()
        except ImisError as error:
            await in_database(put_off, organization_id, str(error), timezone.now())
            return
        while not is_stopping():
            records = await in_database(claim, organization_id, timezone.now())
            if not records or await write(client, records):
                return


def is_refused_for_good(error: ImisError) -> bool:
    """Whether iMIS will refuse this record the next time too.

    What is wrong with the account will be mended, and is no fault of the record.
    """
    return error.permanent and not isinstance(error, ImisSignInRefused | ImisForbidden)


def next_try(now: dt.datetime, *, first: dt.timedelta, tries: int) -> dt.datetime:
    """When to write again what has failed so often: each pause is twice the one before."""
    return now + min(LONGEST_RETRY, first * 2.0 ** min(tries, 10))
