"""Opens an organization's connections to iMIS and Twilio."""

from __future__ import annotations

import datetime as dt
import functools

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.gateway.dress_rehearsal import TestCredentials
from textmanager.gateway.sender import TwilioCredentials
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisSignInRefused
from textmanager.imis.tokens import SECONDS_AFTER_REFUSAL, SHARED
from textmanager.organizations.models import ImisConnection, Organization, TwilioConnection
from textmanager.organizations.secrets import REMEDY, SecretUnreadable

AFTER_REFUSAL = dt.timedelta(seconds=SECONDS_AFTER_REFUSAL)


CONNECT = "Connect it under Settings, or with: textmanager connect"


class NotConnected(Exception):
    """The organization cannot be connected; the message says to what, and why."""

    def __init__(self, words: str, remedy: str = CONNECT) -> None:
        super().__init__(words)
        self.remedy = remedy


def imis_client(organization_id: int) -> ImisClient:
    """A client for the organization's iMIS, signed in as its background account when used.

    A password that iMIS refused, in whatever process, rests for half an hour: too many tries
    would lock the account. Reads the database; enter the client (`async with`) where it is
    awaited. Raises NotConnected.
    """
    connection = ImisConnection.objects.filter(organization_id=organization_id).first()
    if connection is None:
        raise NotConnected("This organization is not connected to iMIS yet.")
    try:
        password = connection.password
    except SecretUnreadable as error:
        raise NotConnected(str(error), REMEDY) from error
    account = (connection.base_url, connection.username)
    until = sign_in_rests_until(connection)
    if until is not None:
        seconds = (until - timezone.now()).total_seconds()
        SHARED.refuse(*account, password, ImisSignInRefused(connection.problem), seconds=seconds)
    else:
        # Another process may know by now that the account is mended.
        SHARED.forgive(*account)
    return ImisClient(
        *account,
        password,
        on_refusal=functools.partial(_keep_refusal, connection.pk, connection.password_sealed),
    )


def sign_in_rests_until(connection: ImisConnection) -> dt.datetime | None:
    """Until when a refused password is not tried by itself; None when nothing keeps us from it."""
    if connection.refused_at is None:
        return None
    until = connection.refused_at + AFTER_REFUSAL
    return until if until > timezone.now() else None


async def _keep_refusal(connection_id: int, sealed: str, error: ImisSignInRefused) -> None:
    """Lets every process know, unless another password has been entered meanwhile."""
    await in_database(note_refusal, connection_id, sealed, str(error), timezone.now())


def note_refusal(connection_id: int, sealed: str, words: str, now: dt.datetime) -> None:
    """The pages show it from now on; the next watch over the account mails it."""
    ImisConnection.objects.filter(pk=connection_id, password_sealed=sealed).update(
        refused_at=now, failing_since=Coalesce("failing_since", now), problem=words[:300]
    )


def imis_works_since(organization_id: int, moment: dt.datetime) -> bool:
    """Whether iMIS has let us in after `moment` and nothing has failed since."""
    return ImisConnection.objects.filter(
        organization_id=organization_id, failing_since=None, last_success_at__gt=moment
    ).exists()


def opt_outs_unread_since(moment: dt.datetime) -> list[int]:
    """Organizations whose iMIS has not been asked for its opt-outs after `moment`, or never."""
    unread = Q(opt_outs_read_at=None) | Q(opt_outs_read_at__lt=moment)
    return list(ImisConnection.objects.filter(unread).values_list("organization_id", flat=True))


def opt_outs_were_never_read(organization_id: int) -> bool:
    """Whether the organization's iMIS has not been asked for its opt-outs since it is connected."""
    never = ImisConnection.objects.filter(organization_id=organization_id, opt_outs_read_at=None)
    return never.exists()


def where_opt_outs_are(organization_id: int) -> dict[str, str]:
    """The site, and the names of its activity types, that a reading of opt-outs reads."""
    connection = ImisConnection.objects.filter(organization_id=organization_id).first()
    names = ("base_url", "opt_out_type", "came_back_type")
    return {name: getattr(connection, name) for name in names} if connection else {}


def note_opt_outs_read(organization_id: int, where: dict[str, str], now: dt.datetime) -> None:
    """Not when it was another site that was read, or other types than are read from now on."""
    ImisConnection.objects.filter(organization_id=organization_id, **where).update(
        opt_outs_read_at=now
    )


def imis_address(organization: Organization) -> str:
    """Where staff reach the organization's iMIS; empty before it is connected."""
    try:
        return organization.imis.base_url
    except ImisConnection.DoesNotExist:
        return ""


def twilio_credentials(organization_id: int) -> TwilioCredentials:
    """Reads the database. Raises NotConnected."""
    connection = TwilioConnection.objects.filter(organization_id=organization_id).first()
    if connection is None:
        raise NotConnected("This organization is not connected to Twilio yet.")
    try:
        return connection.credentials()
    except SecretUnreadable as error:
        raise NotConnected(str(error), REMEDY) from error


def webhook_tokens(cloud_id: str) -> tuple[int, tuple[str, ...]] | None:
    """The organization of a webhook address, and the tokens that may sign for it."""
    row = (
        Organization.objects.filter(cloud_id=cloud_id, twilio__isnull=False)
        .select_related("twilio")
        .first()
    )
    return None if row is None else (row.pk, row.twilio.signing_tokens)


def note_webhook(organization_id: int, now: dt.datetime) -> None:
    """Writes when Twilio itself reached us last."""
    TwilioConnection.objects.filter(organization_id=organization_id).update(last_webhook_at=now)


def credentials_for_tests(organization_id: int) -> TestCredentials | None:
    """Twilio's test credentials of the organization; None where none were entered.

    Nor are there any that no key can read: TEST runs are then checked here alone.
    """
    connection = TwilioConnection.objects.filter(organization_id=organization_id).first()
    try:
        return None if connection is None else connection.test_credentials()
    except SecretUnreadable:
        # The planner asks for every organization: one lost key must not stop the others' runs.
        return None
