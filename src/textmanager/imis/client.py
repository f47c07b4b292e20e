"""Speaks HTTP with one iMIS site: signs in, asks, and turns every failure into an ImisError."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisInvalid,
    ImisNotFound,
    ImisNotImis,
    ImisNotStaff,
    ImisSignInRefused,
    ImisUnavailable,
    ImisUnreachable,
)
from textmanager.imis.tokens import SHARED, Token, TokenStore

TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=10, sock_read=60)
CONNECTIONS = 10
TRIES_OF_A_READ = 3
FIRST_PAUSE = 0.5
# When a site does not say how long its token lives (clients of iMIS assume an hour).
DEFAULT_LIFETIME = 3600.0
STAFF_ROLE = "sysadmin"

Json = Any


@dataclass(frozen=True)
class StaffUser:
    """Somebody who signed in with their own iMIS password, and is staff."""

    username: str
    roles: tuple[str, ...]


class ImisClient:
    """One site as one user. Enter it (`async with`) in the event loop where it is used.

    Reads are repeated after a passing failure; a POST is sent once, because it may have been
    carried out although no answer came.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        *,
        session: aiohttp.ClientSession | None = None,
        tokens: TokenStore = SHARED,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.username = username
        self._password = password
        self._session = session
        self._owns_session = session is None
        self._tokens = tokens
        self._timeout = timeout
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> Self:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """The JSON at /api/`path`. Raises ImisError."""
        return await self._patiently("GET", path, params=params)

    async def execute(self, entity: str, operation: str, *parameters: Json) -> Json:
        """The result of a named read operation, whichever way the site wraps it.

        Some versions answer with a ServiceResponse, others with the bare object or null.
        """
        body = {
            "$type": "Asi.Soa.Core.DataContracts.GenericExecuteRequest, Asi.Contracts",
            "EntityTypeName": entity,
            "OperationName": operation,
            "Parameters": {
                "$type": "System.Collections.ObjectModel.Collection`1[[System.Object, mscorlib]], "
                "mscorlib",
                "$values": list(parameters),
            },
            "UseJson": False,
        }
        answer = await self._patiently("POST", f"{entity}/_execute", body=body)
        if isinstance(answer, dict) and "Result" in answer:
            return answer["Result"]
        return answer

    async def post(self, path: str, body: Json) -> Json:
        """Creates what `body` says, once. Raises ImisError, perhaps an ambiguous one."""
        return await self._with_token("POST", path, body=body)

    async def sign_in(self) -> None:
        """Makes sure of a fresh token. Raises ImisSignInRefused and other ImisErrors."""
        await self._token()

    async def _patiently(self, method: str, path: str, **request: Any) -> Json:
        for attempt in range(1, TRIES_OF_A_READ + 1):
            try:
                return await self._with_token(method, path, **request)
            except (ImisUnreachable, ImisUnavailable):
                if attempt == TRIES_OF_A_READ:
                    raise
            pause = FIRST_PAUSE * 2 ** (attempt - 1)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    async def _with_token(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json = None,
    ) -> Json:
        url = f"{self.base_url}/api/{path}"
        for is_last in (False, True):
            token = await self._token()
            status, text = await self._request(
                method, url, params=params, json=body, headers=_bearer(token)
            )
            if status == 401 and not is_last:  # noqa: PLR2004 - HTTP status
                # The site forgot the token: a restart of its web server does that.
                self._tokens.drop(self.base_url, self.username)
                continue
            break
        return _answer(status, text, is_read=method == "GET" or path.endswith("/_execute"))

    async def _token(self) -> Token:
        known = self._tokens.get(self.base_url, self.username)
        if known is not None:
            return known
        async with self._signing_in:
            known = self._tokens.get(self.base_url, self.username)
            if known is None:
                known = await self._sign_in()
                self._tokens.put(self.base_url, self.username, known)
            return known

    async def _sign_in(self) -> Token:
        began = time.monotonic()
        status, text = await self._request(
            "POST",
            f"{self.base_url}/token",
            data={
                "grant_type": "password",
                "username": self.username,
                "password": self._password,
            },
        )
        if status in {400, 401}:
            raise ImisSignInRefused(
                f"iMIS does not accept the user name or password of “{self.username}”. "
                "Check them, and whether the password has expired or the account is locked.",
                status=status,
                detail=text,
            )
        answer = _answer(status, text, is_read=True)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise _not_imis(text)
        lifetime = float(answer.get("expires_in") or DEFAULT_LIFETIME)
        return Token(answer["access_token"], began + lifetime)

    async def _request(self, method: str, url: str, **request: Any) -> tuple[int, str]:
        if self._session is None:
            raise RuntimeError("Enter the client with `async with` before you use it.")
        headers = {"Accept": "application/json", **request.pop("headers", {})}
        try:
            async with self._session.request(method, url, headers=headers, **request) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ImisUnreachable(
                f"iMIS cannot be reached at {self.base_url}. Check the address and the network.",
                ambiguous=False,
                detail=str(error),
            ) from error
        except TimeoutError as error:
            raise ImisUnreachable("iMIS did not answer in time.", ambiguous=True) from error
        except aiohttp.InvalidURL as error:
            raise ImisNotImis(f"“{self.base_url}” is not a web address.") from error
        except aiohttp.ClientError as error:
            raise ImisUnreachable(
                "The connection to iMIS broke off.", ambiguous=True, detail=str(error)
            ) from error


async def sign_in_staff(base_url: str, username: str, password: str) -> StaffUser:
    """Signs somebody in with their own password, and makes sure that they are staff.

    Raises ImisSignInRefused (ImisNotStaff for a good password of somebody else), ImisError.
    """
    async with ImisClient(base_url, username, password, tokens=TokenStore()) as client:
        await client.sign_in()
        roles = await _roles(client, username)
    if STAFF_ROLE not in {role.casefold() for role in roles}:
        raise ImisNotStaff("Only iMIS staff users may sign in here.")
    return StaffUser(username, roles)


async def _roles(client: ImisClient, username: str) -> tuple[str, ...]:
    """The user's roles, by the operation of newer sites or the user entity of older ones."""
    try:
        result = await client.execute(
            "UserSecurity", "GetUserRoles", {"$type": "System.String", "$value": username}
        )
        roles = values(result)
    except (ImisNotFound, ImisInvalid, ImisForbidden, ImisUnavailable):
        page = await client.get("User", {"UserName": username})
        users = values(page.get("Items"))
        roles = values(users[0].get("Roles")) if users else []
    return tuple(str(role.get("RoleName", "")) for role in roles if isinstance(role, dict))


def values(collection: Json) -> list[Json]:
    """The members of a collection as iMIS writes one; none for null."""
    if isinstance(collection, dict):
        collection = collection.get("$values", [])
    return list(collection) if isinstance(collection, list) else []


def _bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _answer(status: int, text: str, *, is_read: bool) -> Json:
    if status < 300:  # noqa: PLR2004 - HTTP status
        return _json(text)
    raise _error(status, text, is_read=is_read)


def _json(text: str) -> Json:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise _not_imis(text) from error


def _error(status: int, text: str, *, is_read: bool) -> ImisError:
    match status:
        case 400 | 409 | 422:
            fields = _validation_errors(text)
            said = "; ".join(message for _, message in fields) or _plain(text)
            return ImisInvalid(f"iMIS refuses it: {said}", status=status, fields=fields)
        case 401 | 403:
            return ImisForbidden(
                "The iMIS account may not do this. Give it the rights of a staff user.",
                status=status,
                detail=text,
            )
        case 404 | 501:
            return ImisNotFound("iMIS does not have this.", status=status, detail=text)
        case _ if status in {408, 429} or status >= 500:  # noqa: PLR2004 - HTTP status
            return ImisUnavailable(
                f"iMIS fails or is busy just now (HTTP {status}).",
                status=status,
                # Refused for being too many is not carried out; anything else may have been.
                ambiguous=not is_read and status != 429,  # noqa: PLR2004 - HTTP status
                detail=text,
            )
    return _not_imis(text)


def _validation_errors(text: str) -> tuple[tuple[str, str], ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    errors = values(found.get("Errors")) if isinstance(found, dict) else []
    return tuple(
        (str(error.get("FieldName", "")), str(error.get("Message", "")))
        for error in errors
        if isinstance(error, dict)
    )


def _plain(text: str) -> str:
    return text.strip()[:200] if not text.lstrip().startswith("<") else "no reason given"


def _not_imis(text: str) -> ImisNotImis:
    if "maintenance" in text.casefold():
        return ImisNotImis("iMIS shows a maintenance page. Try again later.", detail=text)
    return ImisNotImis(
        "The address answers, but not as iMIS does. Check the iMIS address, such as "
        "https://example.imiscloud.com.",
        detail=text,
    )
