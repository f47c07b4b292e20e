"""TEST mode with Twilio's test credentials: Twilio itself judges each text, and can send none.

Two things make a real text impossible here. This gateway is made from `TestCredentials` alone,
which `LiveGateway` does not take, nor this one the live ones; and every text it hands over leaves
from Twilio's magic number, which belongs to no account, so that even live credentials that
somebody entered in the wrong place would have it refused (21606).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self

from twilio.base import values
from twilio.base.exceptions import TwilioException

from textmanager.gateway.account import (
    UNREADABLE,
    TwilioCredentials,
    error_from,
    reading,
    sdk_client,
)
from textmanager.gateway.errors import AnswerLost, ConnectionNotMade, GatewayError, TwilioRefused
from textmanager.gateway.outcomes import (
    AccountProblem,
    Ambiguous,
    NotSent,
    Outcome,
    OutgoingText,
    Refused,
    Tested,
    TryTomorrow,
    sort_error,
)
from textmanager.gateway.rehearsal import TestGateway
from textmanager.gateway.transport import (
    TWILIO_API,
    Exchange,
    Timeouts,
    TwilioTransport,
    watch_exchange,
)

# "A number that passes every check" (twilio.com/docs/iam/test-credentials).
MAGIC_FROM = "+15005550006"
# "Resource not accessible with Test Account Credentials": what only test credentials are told.
_ONLY_FOR_TESTS = 20008


@dataclass(frozen=True)
class TestCredentials:
    """The test account SID and test auth token of an account. No secret appears in the repr."""

    __test__: ClassVar[bool] = False  # its name begins as those of pytest's classes do
    account_sid: str
    auth_token: str = field(repr=False)
    base_url: str = TWILIO_API


class LiveCredentials(GatewayError):  # named for what was found
    """What was entered as test credentials are live ones."""


class DressRehearsal:
    """The gateway of a TEST run whose organization has test credentials.

    Answers `Tested`, or what kept Twilio from taking the text. What is wrong by our own rules
    never leaves the house.
    """

    def __init__(self, credentials: TestCredentials, *, timeouts: Timeouts | None = None) -> None:
        self._transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
        self._messages = sdk_client(_for_sdk(credentials), self._transport).messages
        self._here = TestGateway()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def send(self, text: OutgoingText) -> Outcome:
        ours = await self._here.send(text)
        if not isinstance(ours, Tested):
            return ours
        with watch_exchange() as exchange:
            theirs = await self._ask(text, exchange)
        return ours if theirs is None else theirs

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _ask(self, text: OutgoingText, exchange: Exchange) -> Outcome | None:
        """What Twilio has against a text; None when it would take it."""
        try:
            await self._messages.create_async(
                to=text.to,
                from_=MAGIC_FROM,
                body=text.body,
                validity_period=text.validity_seconds or values.unset,
            )
        except (ConnectionNotMade, AnswerLost) as error:
            return NotSent(str(error))
        except TwilioException as error:
            refused = error_from(error)
            outcome = sort_error(refused.status, refused.code, refused.text, exchange.retry_after)
            return _harmless(outcome)
        except UNREADABLE as error:
            return NotSent(f"Twilio's answer cannot be read ({type(error).__name__}).")
        return None


async def prove_test_credentials(
    credentials: TestCredentials, *, timeouts: Timeouts | None = None
) -> None:
    """Makes sure that these can send nothing: Twilio must say so itself.

    Raises LiveCredentials for live ones, other GatewayErrors as they come.
    """
    transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
    client = sdk_client(_for_sdk(credentials), transport)
    try:
        async with reading():
            await client.messages.page_async(page_size=1)
    except TwilioRefused as error:
        if error.code != _ONLY_FOR_TESTS:
            raise
        return
    finally:
        await transport.aclose()
    raise LiveCredentials("These are live credentials: texts could be sent with them.")


def _harmless(outcome: Outcome) -> Outcome:
    """Nothing can have been sent, so that nothing has to be looked up before another try."""
    match outcome:
        case Ambiguous(reason=reason):
            return NotSent(reason)
        case TryTomorrow(code=code, text=text):
            return Refused(code, text)
        case AccountProblem(code=code, text=text):
            return AccountProblem(code, f"the test credentials: {text}")
        case _:
            return outcome


def _for_sdk(credentials: TestCredentials) -> TwilioCredentials:
    return TwilioCredentials(
        credentials.account_sid, credentials.auth_token, base_url=credentials.base_url
    )
