"""Connects an organization to its Twilio account: nothing is kept that Twilio does not accept."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from textmanager.config.bridge import wait_for
from textmanager.config.hooks import inbound_path
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.directory import AccountSender, list_senders, set_inbound_url
from textmanager.gateway.dress_rehearsal import (
    LiveCredentials,
    TestCredentials,
    prove_test_credentials,
)
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.organizations import audit
from textmanager.organizations.configuring import NotAccepted
from textmanager.organizations.founding import USUAL_PACE
from textmanager.organizations.models import (
    Organization,
    Receiving,
    Sender,
    SenderKind,
    TwilioConnection,
    User,
)
from textmanager.organizations.secrets import UNREADABLE, SecretUnreadable
from textmanager.organizations.sender_fitness import look_at_senders

UNAUTHORIZED = 401


@dataclass(frozen=True)
class Entered:
    """What an administrator entered. An empty secret is the one that is kept already.

    An empty `api_key_sid` or `test_account_sid` means that there is none (any more).
    """

    account_sid: str
    auth_token: str = field(default="", repr=False)
    secondary_token: str = field(default="", repr=False)
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    test_account_sid: str = ""
    test_auth_token: str = field(default="", repr=False)
    receiving: str = Receiving.AUTOMATIC


def connect_twilio(organization: Organization, entered: Entered, *, actor: User) -> str:
    """Signs in at Twilio, then keeps the account; returns its name.

    Raises NotAccepted with Twilio's reason, at the field where it lies.
    """
    connection = TwilioConnection.objects.filter(organization=organization).first()
    connection = connection or TwilioConnection(organization=organization)
    before = _known(connection)
    _enter(connection, entered)
    try:
        name = _sign_in(connection, entered)
        _prove_test_credentials(connection)
    except SecretUnreadable as error:
        raise NotAccepted(f"{UNREADABLE} Enter every secret on this page anew.") from error
    connection.failing_since, connection.problem = None, ""
    with transaction.atomic():
        connection.save()
        audit.record(
            organization=organization,
            actor=actor,
            action="connected Twilio",
            subject=organization,
            before=before,
            after={**_known(connection), "auth_token": bool(entered.auth_token)},
        )
    look_at_senders(organization.pk, connection.credentials())
    return name


def _known(connection: TwilioConnection) -> dict[str, str]:
    """What may stand in the audit trail."""
    return {
        "account_sid": connection.account_sid,
        "api_key_sid": connection.api_key_sid,
        "test_account_sid": connection.test_account_sid,
        "receiving": connection.receiving,
    }


def _enter(connection: TwilioConnection, entered: Entered) -> None:
    is_other = connection.account_sid != entered.account_sid
    if is_other:
        # The tokens of one account are none of another's.
        connection.set_auth_token("")
        connection.set_secondary_token("")
    connection.account_sid = entered.account_sid
    if entered.auth_token:
        connection.set_auth_token(entered.auth_token)
    if entered.secondary_token:
        connection.set_secondary_token(entered.secondary_token)
    if entered.api_key_secret or entered.api_key_sid != connection.api_key_sid:
        connection.set_api_key(entered.api_key_sid, entered.api_key_secret)
    if entered.test_auth_token or entered.test_account_sid != connection.test_account_sid:
        connection.set_test_credentials(entered.test_account_sid, entered.test_auth_token)
    connection.receiving = entered.receiving
    if connection.api_key_sid and not connection.api_key_secret_sealed:
        raise NotAccepted("Enter the secret of the API key.", "api_key_secret")
    if not connection.api_key_sid and not connection.auth_token_sealed:
        raise NotAccepted("Enter the auth token, or an API key below.", "auth_token")
    if connection.test_account_sid and not connection.test_auth_token_sealed:
        raise NotAccepted("Enter the test auth token.", "test_auth_token")


def _sign_in(connection: TwilioConnection, entered: Entered) -> str:
    credentials = connection.credentials()
    field_name = "api_key_secret" if credentials.api_key_sid else "auth_token"
    try:
        account = wait_for(check_account(credentials))
        if credentials.api_key_sid and entered.auth_token:
            # Webhooks are signed with it: a wrong one would have each of them refused.
            field_name = "auth_token"
            token_alone = TwilioCredentials(
                credentials.account_sid, credentials.auth_token, base_url=credentials.base_url
            )
            account = wait_for(check_account(token_alone))
    except TwilioRefused as error:
        if error.status != UNAUTHORIZED:
            raise NotAccepted(f"Twilio: {error}") from error
        what = "API key" if field_name == "api_key_secret" else "auth token"
        raise NotAccepted(
            f"Twilio does not know this account SID with this {what}. Copy both from Twilio's "
            "console once more.",
            field_name,
        ) from error
    except GatewayError as error:
        raise NotAccepted(f"Twilio cannot be asked: {error}") from error
    if account.status != "active":
        raise NotAccepted(f"The account {account.friendly_name} is {account.status}.")
    return account.friendly_name


def _prove_test_credentials(connection: TwilioConnection) -> None:
    credentials: TestCredentials | None = connection.test_credentials()
    if credentials is None:
        return
    if credentials.account_sid == connection.account_sid:
        raise NotAccepted(
            "This is the live account. Twilio's console shows the Test Account SID beside the "
            "live one, on its page of API keys.",
            "test_account_sid",
        )
    try:
        wait_for(prove_test_credentials(credentials))
    except LiveCredentials as error:
        raise NotAccepted(f"{error} Enter the test credentials.", "test_account_sid") from error
    except TwilioRefused as error:
        raise NotAccepted(
            "Twilio does not know these test credentials. Copy both from Twilio's console once "
            "more.",
            "test_auth_token",
        ) from error
    except GatewayError as error:
        raise NotAccepted(f"Twilio cannot be asked: {error}") from error


@transaction.atomic
def add_sender(organization: Organization, found: AccountSender, kind: str, actor: User) -> Sender:
    """Lets campaigns send from a number or service of the account, at its kind's usual pace.

    `kind` is one of SenderKind; Twilio does not tell it for a service. Raises NotAccepted.
    """
    if kind not in SenderKind.values:
        raise NotAccepted("Choose what kind of sender it is.")
    if found.is_blocked:
        raise NotAccepted(
            f"{found.name}: {found.registration} (error 30032). Ask for its verification in "
            "Twilio's console first; it takes three to five days."
        )
    if not found.can_text:
        raise NotAccepted(f"{found.name} cannot send texts.")
    is_service = found.kind == "service"
    suggested = found.suggested_pace if kind == SenderKind.TEN_DLC else None
    sender, _ = Sender.objects.get_or_create(
        organization=organization,
        number="" if is_service else found.address,
        messaging_service_sid=found.address if is_service else "",
        defaults={
            "name": found.name[:100],
            "kind": kind,
            "segments_per_second": suggested or USUAL_PACE[SenderKind(kind)],
            "daily_cap": found.suggested_cap if kind == SenderKind.TEN_DLC else None,
        },
    )
    sender.is_active, sender.unfit_because = True, ""
    sender.save(update_fields=["is_active", "unfit_because"])
    audit.record(organization=organization, actor=actor, action="added sender", subject=sender)
    return sender


def find_in_account(credentials: TwilioCredentials, sid: str) -> AccountSender:
    """A number or service of the account, as Twilio has it now. Raises NotAccepted."""
    try:
        senders = wait_for(list_senders(credentials))
    except GatewayError as error:
        raise NotAccepted(f"Twilio cannot be asked: {error}") from error
    found = next((each for each in senders if each.sid == sid), None)
    if found is None:
        raise NotAccepted("The account has no such sender any more.")
    return found


def our_inbound_url(organization: Organization) -> str:
    """Where Twilio should send what people text to the organization's numbers."""
    return str(settings.PUBLIC_URL) + inbound_path(organization.cloud_id)


def receive_texts(
    organization: Organization,
    credentials: TwilioCredentials,
    sender: AccountSender,
    *,
    instead_of: str,
    actor: User,
) -> None:
    """Lets a sender's inbound texts come here, in place of `instead_of`, which somebody saw.

    For a number whose Messaging Service decides, that is set at the service, for all its numbers.
    Raises NotAccepted when they go somewhere else by now, or when Twilio refuses.
    """
    url = our_inbound_url(organization)
    if sender.inbound_url not in {"", url, instead_of}:
        raise NotAccepted(
            f"Its texts go to {sender.inbound_url} by now. Look once more, then decide."
        )
    try:
        wait_for(set_inbound_url(credentials, sender, url))
    except GatewayError as error:
        raise NotAccepted(f"Twilio: {error}") from error
    audit.record(
        organization=organization,
        actor=actor,
        action="set inbound address",
        subject=organization,
        before={"sender": sender.address, "url": sender.inbound_url},
        after={"sender": sender.address, "url": url},
    )
