"""Carries the requests that the official SDK builds, over aiohttp, once each and never again.

The SDK's own asynchronous client has no timeout and repeats a POST after a 5xx, which is the
same text sent twice; this one has explicit timeouts and repeats nothing.
"""

from __future__ import annotations

import base64
import email.utils
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from yarl import URL

from textmanager.gateway.errors import AnswerLost, ConnectionNotMade

TWILIO_API = "https://api.twilio.com"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timeouts:
    """In seconds; `connect` is one TCP and TLS handshake, `total` counts the wait for one too."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@dataclass
class Exchange:
    """What the wire told about one request; filled in while `watch_exchange` is open.

    `concurrent_requests` is Twilio's own count for the account (`Twilio-Concurrent-Requests`),
    the figure by which concurrency can be steered. `retry_after` is in seconds.
    """

    status: int | None = None
    request_id: str = ""
    concurrent_requests: int | None = None
    retry_after: float | None = None


_exchange: ContextVar[Exchange | None] = ContextVar("twilio_exchange", default=None)


@contextmanager
def watch_exchange() -> Iterator[Exchange]:
    """Gives the facts of the request made inside, which the SDK's exceptions leave out."""
    exchange = Exchange()
    token = _exchange.set(exchange)
    try:
        yield exchange
    finally:
        _exchange.reset(token)


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's HTTP client interface; raises `ConnectionNotMade` or `AnswerLost`, nothing else.

    `base_url` replaces the scheme and host of every Twilio address when it is not Twilio's own.
    Nothing is logged: request addresses hold phone numbers, headers hold the secret.
    """

    def __init__(
        self,
        base_url: str = TWILIO_API,
        *,
        timeouts: Timeouts | None = None,
        max_connections: int = 100,
    ) -> None:
        super().__init__(_logger, True)
        self._base = urlsplit(base_url.rstrip("/"))
        timeouts = timeouts or Timeouts()
        self._timeout = aiohttp.ClientTimeout(
            total=timeouts.total, sock_connect=timeouts.connect, sock_read=timeouts.read
        )
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._usual: tuple[str, URL] | None = None

    async def request(  # noqa: PLR0917  # the SDK's interface
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the SDK's interface
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002  # the SDK's interface
    ) -> Response:
        """Make one request. Redirects are never followed: a 307 would repeat the POST."""
        body = _Form(data) if data else None
        address = self._address(uri, params)
        try:
            async with self._open_session().request(
                method,
                address,
                data=body,
                headers=_with_authorization(headers, auth),
                timeout=self._timeout if timeout is None else aiohttp.ClientTimeout(timeout),
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _sorted_failure(error, body) from error
        _note(answer)
        return Response(answer.status, _as_text(content), answer.headers)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections,
                    # Shorter than any common server's limit: a connection that the server
                    # closes just as we write to it makes a text ambiguous.
                    keepalive_timeout=4.0,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _address(self, uri: str, params: Mapping[str, object] | None) -> URL:
        if params:
            return self._made_address(uri, params)
        # Nearly every request goes to the same address.
        if self._usual is None or self._usual[0] != uri:
            self._usual = (uri, self._made_address(uri, {}))
        return self._usual[1]

    def _made_address(self, uri: str, params: Mapping[str, object]) -> URL:
        asked = urlsplit(uri)
        if (asked.scheme, asked.netloc) != (self._base.scheme, self._base.netloc):
            asked = self._moved(asked)
        query = "&".join(filter(None, (asked.query, urlencode(params, doseq=True))))
        return URL(urlunsplit(asked._replace(query=query, fragment="")), encoded=True)

    def _moved(self, asked: SplitResult) -> SplitResult:
        if not (asked.hostname or "").endswith(".twilio.com"):
            raise ValueError("Twilio's credentials are not sent to any other host.")
        if self._base.geturl() == TWILIO_API:
            return asked
        return self._base._replace(path=self._base.path + asked.path, query=asked.query)


class _Form(BytesPayload):
    """Form fields as a request's body, which remembers whether it began to be sent.

    Twilio can act on no request whose body it has not got. (aiohttp's own tracing tells the same,
    and costs a fifth of the whole call.)
    """

    is_written = False

    def __init__(self, fields: Mapping[str, Any]) -> None:
        # As urlencode does it, in a fifth of the time.
        encoded = URL.build(query=fields).raw_query_string.encode()
        super().__init__(encoded, content_type="application/x-www-form-urlencoded")

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self.is_written = True
        await super().write_with_length(writer, content_length)


def _sorted_failure(error: Exception, body: _Form | None) -> ConnectionNotMade | AnswerLost:
    kind = type(error).__name__
    # A question without a body changes nothing at Twilio, whether it arrived or not.
    is_question_sent = body is None and not isinstance(error, _NEVER_CONNECTED)
    if is_question_sent or (body is not None and body.is_written):
        return AnswerLost(f"The request was sent and its answer was lost ({kind}).")
    return ConnectionNotMade(f"No connection to Twilio ({kind}).")


_NEVER_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    ValueError,
)


def _with_authorization(
    headers: Mapping[str, str] | None, auth: tuple[str, str] | None
) -> dict[str, str]:
    sent = dict(headers or {})
    if auth is not None:
        sent["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    return sent


def _as_text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def _note(answer: aiohttp.ClientResponse) -> None:
    exchange = _exchange.get()
    if exchange is None:
        return
    exchange.status = answer.status
    exchange.request_id = answer.headers.get("Twilio-Request-Id", "")
    concurrent = answer.headers.get("Twilio-Concurrent-Requests", "")
    exchange.concurrent_requests = int(concurrent) if concurrent.isdecimal() else None
    wait = answer.headers.get("Retry-After")
    exchange.retry_after = _seconds_to_wait(wait) if wait else None


def _seconds_to_wait(value: str) -> float | None:
    """Retry-After is a number of seconds or an HTTP date (RFC 9110 §10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
