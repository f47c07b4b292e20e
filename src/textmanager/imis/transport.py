"""One exchange with a site over HTTP, with timeouts, its failures typed and never repeated."""

from __future__ import annotations

from typing import Any

import aiohttp

from textmanager.imis.answers import ADDRESS_HINT
from textmanager.imis.errors import ImisNotImis, ImisUnreachable

# Seconds. A large IQA may think for a while about its first page.
TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=10, sock_read=60)
CONNECTIONS = 10


def open_session(timeout: aiohttp.ClientTimeout = TIMEOUT) -> aiohttp.ClientSession:
    """A pool of connections for one event loop. Whoever opens it closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=timeout,
        # The bearer token is all that identifies us.
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def exchange(
    session: aiohttp.ClientSession, method: str, url: str, *, is_write: bool, **request: Any
) -> tuple[int, str]:
    """The status and text of the answer. Raises ImisUnreachable, ImisNotImis.

    Redirects are not followed: a password must not travel to where the address was not meant to
    lead, and a maintenance page must not pass for the answer.
    """
    headers = {"Accept": "application/json", **request.pop("headers", {})}
    try:
        async with session.request(
            method, url, headers=headers, allow_redirects=False, **request
        ) as answer:
            return answer.status, await answer.text(errors="replace")
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise ImisNotImis(
            f"The iMIS address is not a web address. {ADDRESS_HINT}", permanent=True
        ) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise ImisUnreachable(_no_connection(error), detail=str(error)) from error
    except TimeoutError as error:
        raise ImisUnreachable(
            "iMIS did not answer in time. Try again; if it stays so, ask whoever runs your iMIS.",
            ambiguous=is_write,
        ) from error
    except aiohttp.ClientError as error:
        raise ImisUnreachable(
            "The connection to iMIS broke off. Try again in a few minutes.",
            ambiguous=is_write,
            detail=str(error),
        ) from error


def _no_connection(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"No server is called “{error.host}”. {ADDRESS_HINT}"
        case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError():
            return (
                f"No secure connection to “{error.host}” can be made: its certificate is not "
                "accepted. Check the address, and have the certificate renewed if it is right."
            )
        case aiohttp.ClientConnectorError():
            return f"Nothing answers at {error.host}:{error.port}. Check the address and port."
    return "iMIS cannot be reached in time. Check the address and the network."
