"""One exchange with a site over HTTP, with timeouts, its failures typed and never repeated."""

from __future__ import annotations

import functools
import ssl
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
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=trusted_issuers()),
        timeout=timeout,
        # The bearer token is all that identifies us.
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@functools.cache
def trusted_issuers() -> ssl.SSLContext:
    """Whose certificates are accepted: the system's issuers, or those in SSL_CERT_FILE.

    Made once for the process: reading them takes longer than a call.
    """
    return ssl.create_default_context()


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
            "The iMIS address is not a web address.", remedy=ADDRESS_HINT, permanent=True
        ) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        words, remedy = _no_connection(error)
        raise ImisUnreachable(words, remedy=remedy, detail=str(error)) from error
    except TimeoutError as error:
        raise ImisUnreachable(
            "iMIS did not answer in time.",
            remedy="Try again; if it stays so, ask whoever runs your iMIS.",
            ambiguous=is_write,
        ) from error
    except aiohttp.ClientError as error:
        raise ImisUnreachable(
            "The connection to iMIS broke off.",
            remedy="Try again in a few minutes.",
            ambiguous=is_write,
            detail=str(error),
        ) from error


def _no_connection(error: Exception) -> tuple[str, str]:
    """What is wrong, and what to do."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"No server is called “{error.host}”.", ADDRESS_HINT
        case aiohttp.ClientConnectorCertificateError():
            return _bad_certificate(error.host, error.certificate_error)
        case aiohttp.ClientSSLError():
            return (
                f"No secure connection to “{error.host}” can be made.",
                "Check the address and port: what answers there may not speak HTTPS.",
            )
        case aiohttp.ClientConnectorError():
            return f"Nothing answers at {error.host}:{error.port}.", "Check the address and port."
    return "iMIS cannot be reached in time.", "Check the address and the network."


def _bad_certificate(host: str, error: Exception) -> tuple[str, str]:
    """OpenSSL numbers what it finds wrong."""
    match getattr(error, "verify_code", None):
        case 9:
            return (
                f"The certificate of “{host}” is not valid yet.",
                "Check the clock of this machine, then the certificate.",
            )
        case 10:
            return (
                f"The certificate of “{host}” has expired.",
                "Have it renewed by whoever runs your iMIS; nothing is sent there until then.",
            )
        case 62 | 64:
            return (
                f"The certificate at “{host}” is another site's.",
                "Check the address: use the very name that the site has.",
            )
        case 18 | 19 | 20 | 21:
            return (
                f"The certificate of “{host}” is not from an issuer that this machine trusts.",
                "Have one of a public issuer put there, or trust this one by SSL_CERT_FILE.",
            )
    return (
        f"The certificate of “{host}” is not accepted.",
        "Have it looked at by whoever runs your iMIS.",
    )
