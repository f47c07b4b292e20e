"""Examines an organization's Twilio account: the way there, its senders, and the way back.

Each fault has words and a remedy of its own: docs/faults.md lists them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime

import aiohttp
from django.conf import settings

from textmanager.config.bridge import wait_for
from textmanager.config.finding import Finding
from textmanager.config.hooks import inbound_path
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.directory import AccountSender, Balance, list_senders, read_balance
from textmanager.gateway.dress_rehearsal import LiveCredentials, prove_test_credentials
from textmanager.gateway.errors import AnswerLost, ConnectionNotMade, GatewayError, TwilioRefused
from textmanager.organizations.clock import clock_beside
from textmanager.organizations.connections import CONNECT, NotConnected, twilio_credentials
from textmanager.organizations.models import Organization, Receiving, TwilioConnection
from textmanager.organizations.reach import look, note_reach
from textmanager.organizations.secrets import REMEDY, UNREADABLE, SecretUnreadable
from textmanager.organizations.sender_fitness import unfit
from textmanager.organizations.templatetags.times import in_zone

SECONDS_TO_ANSWER = 10
UNAUTHORIZED = 401
# Below this an account may run dry within one campaign; in any currency it is little.
LITTLE = Decimal(10)


@dataclass(frozen=True)
class ExpectedCost:
    """About what a run of a campaign costs, in `unit` (ISO 4127)."""

    campaign: str
    amount: Decimal
    unit: str


def examine_twilio(
    organization: Organization, *, to_come: ExpectedCost | None = None
) -> Iterator[Finding]:
    """Signs in, looks at the account, its senders and the way back; sends and writes nothing."""
    connection = TwilioConnection.objects.filter(organization=organization).first()
    if connection is None:
        yield Finding("Twilio", "This organization is not connected to Twilio yet.", CONNECT)
        return
    try:
        credentials = twilio_credentials(organization.pk)
        account = wait_for(check_account(credentials))
        theirs = wait_for(list_senders(credentials))
        balance = wait_for(read_balance(credentials))
    except NotConnected as error:
        yield Finding("Twilio", str(error), error.remedy)
        return
    except GatewayError as error:
        yield _not_let_in(connection, error)
        return
    if account.status == "active":
        yield Finding("Twilio", f"The account {account.friendly_name} is active.")
    else:
        yield Finding(
            "Twilio",
            f"The account {account.friendly_name} is {account.status}: nothing can be sent.",
            "Look into Twilio's console for what is due there.",
        )
    yield _balance(balance, to_come)
    clock = wait_for(_time_at(credentials))
    if clock is not None:
        yield clock_beside("Twilio's", clock)
    yield from _senders(organization, theirs)
    yield from _way_back(organization, connection)
    yield from _test_mode(connection)


def _not_let_in(connection: TwilioConnection, error: GatewayError) -> Finding:
    if isinstance(error, TwilioRefused) and error.status == UNAUTHORIZED:
        if connection.api_key_sid:
            return Finding(
                "Twilio",
                f"Twilio does not let the API key {connection.api_key_sid} into the account "
                f"{connection.account_sid}.",
                "Make a new API key in Twilio's console, in this very account, and enter it under "
                "Settings, Twilio.",
            )
        return Finding(
            "Twilio",
            f"Twilio does not let us into the account {connection.account_sid}: the auth token "
            "does not fit, or the account is closed.",
            "Copy the account SID and the auth token from Twilio's console once more.",
        )
    if isinstance(error, ConnectionNotMade):
        return Finding(
            "Twilio",
            str(error),
            "Let this machine reach Twilio (api.twilio.com, port 443), then try again.",
        )
    if isinstance(error, AnswerLost):
        return Finding(
            "Twilio",
            f"Something answered that is not Twilio. {error}",
            f"Look at what stands between this machine and {connection.base_url}: a proxy or a "
            "sign-in page of the network.",
        )
    return Finding(
        "Twilio",
        f"Twilio cannot answer just now: {error}",
        "Look at status.twilio.com and try again in some minutes. Texts wait meanwhile.",
    )


def _balance(balance: Balance, to_come: ExpectedCost | None) -> Finding:
    left = f"{balance.amount:,.2f} {balance.currency}"
    if balance.amount <= 0:
        words = (
            f"The account's balance is {left}: Twilio sends nothing until it is topped up, unless "
            "it sends you invoices."
        )
    elif (
        to_come is not None
        and to_come.unit.upper() == balance.currency
        and to_come.amount > balance.amount
    ):
        words = (
            f"{left} is left on the account, and a run of “{to_come.campaign}” costs about "
            f"{to_come.amount:,.2f} {balance.currency}: not all of its texts could be sent."
        )
    elif balance.amount < LITTLE:
        words = f"{left} is left on the account: it may run dry within one campaign."
    else:
        return Finding("Balance", f"{left} is left on the account.")
    return Finding(
        "Balance", words, "Add to it in Twilio's console, or let Twilio recharge it by itself."
    )


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
        words, remedy = _sender(found, ours)
        yield Finding("Senders", f"{sender}{words}", remedy)
    for sender in organization.senders.filter(is_active=False).order_by("name"):
        yield Finding("Senders", f"{sender} is out of use: nothing is sent from it.", is_note=True)


def _sender(found: AccountSender | None, ours: str) -> tuple[str, str]:
    """What is to be said of a sender, and what is to be done."""
    problem = unfit(found)
    if problem is None and found is not None:
        problem = _replies_astray(found, ours)
    return problem or (" can send, and its replies come here.", "")


def _replies_astray(found: AccountSender, ours: str) -> tuple[str, str] | None:
    """Where its replies go instead of here."""
    here = "Under Settings, Twilio, choose “Receive here”"
    if found.inbound_url == ours:
        return None
    if found.inbound_url:
        return (
            f": replies and STOP go to {found.inbound_url}, not here.",
            f"{here}, or let that program pass them on to {ours}.",
        )
    if found.decided_by_service or (found.kind == "service" and not found.members_decide):
        remedy = f"{here}, or let the service send a webhook to {ours}, in Twilio's console."
        return (
            ": replies and STOP are dropped by its Messaging Service; not even Twilio keeps them.",
            remedy,
        )
    return (
        ": replies and STOP lead nowhere.",
        f"{here}, or enter {ours} at the number in Twilio's console.",
    )


def _way_back(organization: Organization, connection: TwilioConnection) -> Iterator[Finding]:
    """Whether webhooks arrive, and how receipts and replies come in where they do not."""
    found = wait_for(look(connection, organization.cloud_id))
    note_reach(connection.pk, found)
    connection.reach_problem = found.problem
    if connection.receiving == Receiving.POLLING:
        yield Finding("Receiving", "By polling, as chosen: Twilio is asked every minute.")
        return
    if not connection.auth_token:
        yield Finding(
            "Receiving",
            "No auth token is kept, so no webhook can be believed: Twilio is asked every minute.",
            "Enter the auth token under Settings, Twilio, or choose polling there.",
        )
        return
    if found.problem:
        yield Finding(
            "Public address",
            f"{found.problem}. Twilio is asked for receipts and replies every minute meanwhile.",
            found.remedy,
        )
        return
    heard = connection.last_webhook_at
    lately = (
        f" Twilio itself called last on {in_zone(heard, organization.time_zone)}." if heard else ""
    )
    yield Finding(
        "Public address",
        f"{settings.PUBLIC_URL} leads here, and a signature like Twilio's is believed.{lately}",
    )


def _test_mode(connection: TwilioConnection) -> Iterator[Finding]:
    try:
        credentials = connection.test_credentials()
    except SecretUnreadable:
        yield Finding("TEST mode", UNREADABLE, REMEDY)
        return
    if credentials is None:
        yield Finding("TEST mode", "Texts are checked here; no test credentials are kept.")
        return
    try:
        wait_for(prove_test_credentials(credentials))
    except LiveCredentials:
        yield Finding(
            "TEST mode",
            "What is kept as test credentials are live ones.",
            "Enter the Test Account SID and Test Auth Token from the console's page of API keys, "
            "and change the live token that was entered.",
        )
    except GatewayError as error:
        yield Finding(
            "TEST mode",
            f"Twilio does not take the test credentials: {error}",
            "Copy the test credentials from Twilio's console once more, or remove them: TEST runs "
            "are then checked here alone.",
        )
    else:
        yield Finding("TEST mode", "Twilio checks the texts of TEST runs, and can send none.")
