"""Hands one text to Twilio and says what became of it; never retries, never guesses.

The retry, the look-up and the wait are decisions of the caller, who has the database.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from twilio.base import values
from twilio.base.exceptions import TwilioException

from textmanager.gateway.account import (
    UNREADABLE,
    AccountInfo,
    TwilioCredentials,
    check_account,
    error_from,
    sdk_client,
)
from textmanager.gateway.errors import AnswerLost, ConnectionNotMade
from textmanager.gateway.outcomes import (
    Accepted,
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
from textmanager.gateway.transport import Exchange, Timeouts, TwilioTransport, watch_exchange
from textmanager.text.statuses import MessageStatus, from_twilio

__all__ = [
    "Accepted",
    "AccountInfo",
    "AccountProblem",
    "Ambiguous",
    "Gateway",
    "LiveGateway",
    "NotSent",
    "Outcome",
    "OutgoingText",
    "Refused",
    "TestGateway",
    "Tested",
    "TryTomorrow",
    "TwilioCredentials",
    "check_account",
]


class Gateway(Protocol):
    """What the pipeline needs of either gateway.

    `send` raises nothing for what Twilio or the network does.
    """

    async def send(self, text: OutgoingText) -> Outcome: ...

    async def aclose(self) -> None: ...


class LiveGateway:
    """Sends through Twilio. One per sender and process: it keeps the connections.

    `on_exchange` is told the wire's facts after each call, for whoever steers concurrency.
    """

    def __init__(
        self,
        credentials: TwilioCredentials,
        *,
        timeouts: Timeouts | None = None,
        max_connections: int = 100,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._transport = TwilioTransport(
            credentials.base_url, timeouts=timeouts, max_connections=max_connections
        )
        self._messages = sdk_client(credentials, self._transport).messages
        self._on_exchange = on_exchange

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
        with watch_exchange() as exchange:
            outcome = await self._create(text, exchange)
        if self._on_exchange is not None:
            self._on_exchange(exchange)
        return outcome

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _create(self, text: OutgoingText, exchange: Exchange) -> Outcome:
        try:
            created = await self._messages.create_async(**_parameters(text))
        except ConnectionNotMade as error:
            return NotSent(str(error))
        except AnswerLost as error:
            return Ambiguous(str(error))
        except TwilioException as error:
            refused = error_from(error)
            return sort_error(refused.status, refused.code, refused.text, exchange.retry_after)
        except UNREADABLE as error:
            # The parameters are plain strings and numbers: what fails here is the answer.
            return Ambiguous(f"A success that cannot be read ({type(error).__name__}).")
        return _accepted(created)


def _parameters(text: OutgoingText) -> dict[str, Any]:
    return {
        "to": text.to,
        "body": text.body,
        "status_callback": text.status_callback or values.unset,
        "from_": text.from_number or values.unset,
        "messaging_service_sid": text.messaging_service_sid or values.unset,
        "validity_period": text.validity_seconds or values.unset,
    }


def _accepted(created: Any) -> Outcome:
    if not isinstance(created.sid, str) or not created.sid:
        return Ambiguous("A success without a message SID.")
    status = from_twilio(str(created.status or "")) or MessageStatus.ACCEPTED
    segments = str(created.num_segments or "")
    return Accepted(created.sid, status, int(segments) if segments.isdecimal() else None)
