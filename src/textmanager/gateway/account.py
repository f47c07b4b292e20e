"""The Twilio account that we speak for: its credentials, and the SDK's client made from them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.version import Version
from twilio.http.response import Response
from twilio.rest import Client

from textmanager.gateway.errors import AnswerLost, GatewayError, TwilioRefused
from textmanager.gateway.transport import TWILIO_API, Timeouts, TwilioTransport

# What a malformed answer makes the SDK raise while it reads it: the SDK checks no shapes.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)

# Twilio's codes have five digits; where a body has none, the SDK repeats the HTTP status.
_SMALLEST_TWILIO_CODE = 1000
_NOT_ALLOWED = frozenset({401, 403})


@dataclass(frozen=True)
class TwilioCredentials:
    """An account with its auth token, or with an API key, which then signs in instead of it.

    With an API key the auth token may be empty: it is what Twilio signs its webhooks with, and
    nothing else here needs it then.

    `base_url` is where the API is reached. No secret appears in the repr.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    base_url: str = TWILIO_API


@dataclass(frozen=True)
class AccountInfo:
    """`status` is active, suspended or closed; `type` is Trial or Full, empty where unknown."""

    sid: str
    friendly_name: str
    status: str
    type: str = ""


def sdk_client(credentials: TwilioCredentials, transport: TwilioTransport) -> Client:
    """The official client over our transport, deaf to the TWILIO_* environment variables."""
    return Client(
        credentials.api_key_sid or credentials.account_sid,
        credentials.api_key_secret if credentials.api_key_sid else credentials.auth_token,
        credentials.account_sid,
        http_client=transport,
        # An empty mapping would make the SDK read os.environ.
        environment={"TWILIO_REGION": ""},
    )


def error_from(error: TwilioException) -> TwilioRefused:
    """The SDK's exception as ours, which tells a code of Twilio's from a repeated HTTP status."""
    if isinstance(error, TwilioServiceException):
        return TwilioRefused(error.status, _own_code(error.code), error.detail or error.title)
    if isinstance(error, TwilioRestException):
        words = str(error.msg).removeprefix("Unable to create record: ")
        return TwilioRefused(error.status, _own_code(error.code), words)
    answer = error.args[-1] if error.args else None
    if isinstance(answer, Response):
        # A page that is not 200: the SDK hands out the answer itself, unread.
        return error_from(Version.exception("GET", "", answer, "Unable to fetch page"))
    return TwilioRefused(0, None, str(error))


@asynccontextmanager
async def reading() -> AsyncIterator[None]:
    """Turns whatever the SDK raises while it asks and reads into `GatewayError`s."""
    try:
        yield
    except GatewayError:
        raise
    except TwilioException as error:
        raise error_from(error) from error
    except UNREADABLE as error:
        raise AnswerLost(f"The answer is not one of Twilio's ({type(error).__name__}).") from error


async def check_account(
    credentials: TwilioCredentials, *, timeouts: Timeouts | None = None
) -> AccountInfo:
    """Sign in and read the account. Raises `GatewayError`.

    A standard API key may do everything but read the account: it is then let in by what it may
    read, and the account counts as active, as a suspended one lets nobody in.
    """
    transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
    client = sdk_client(credentials, transport)
    try:
        async with reading():
            found = await client.api.v2010.accounts(credentials.account_sid).fetch_async()
    except TwilioRefused as error:
        if not credentials.api_key_sid or error.status not in _NOT_ALLOWED:
            raise
        async with reading():
            await client.messages.page_async(page_size=1)
        return AccountInfo(credentials.account_sid, credentials.account_sid, "active")
    finally:
        await transport.aclose()
    return AccountInfo(
        str(found.sid), str(found.friendly_name), str(found.status), str(found.type or "")
    )


def _own_code(code: object) -> int | None:
    return code if isinstance(code, int) and code >= _SMALLEST_TWILIO_CODE else None
