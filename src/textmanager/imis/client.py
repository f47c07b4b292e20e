"""Speaks with one iMIS site as one user, and asks again only where that is safe."""

from __future__ import annotations

import asyncio
import copy
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

from textmanager.imis import answers, transport, wire
from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisInvalid,
    ImisNotFound,
    ImisNotStaff,
    ImisSignInRefused,
    ImisUnavailable,
    ImisUnreachable,
)
from textmanager.imis.tokens import SHARED, SignInAbandoned, Token, TokenStore
from textmanager.imis.wire import Json

TRIES_OF_A_READ = 3
FIRST_PAUSE = 0.5
# Seconds, when a site does not say how long its token lives (clients of iMIS assume an hour).
DEFAULT_LIFETIME = 3600.0
# Somebody waits at the sign-in page meanwhile.
SIGN_IN_TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
STAFF_ROLES = frozenset({"sysadmin"})

Params = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StaffUser:
    """Somebody who signed in with their own iMIS password, and is staff.

    `username` is written as iMIS writes it, however it was typed.
    """

    username: str
    roles: tuple[str, ...]


class ImisClient:
    """One site as one user. Enter it (`async with`) in the event loop where it is used.

    `on_refusal` is told when the site refuses the password, before the call fails.

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
        tokens: TokenStore | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        first_pause: float | None = None,
        on_refusal: Callable[[ImisSignInRefused], Awaitable[None]] | None = None,
    ) -> None:
        self.base_url = base_url.strip().rstrip("/")
        self.username = username
        self._password = password
        self._session = session
        self._owns_session = session is None
        self._tokens = SHARED if tokens is None else tokens
        self._timeout = timeout or transport.TIMEOUT
        self._first_pause = FIRST_PAUSE if first_pause is None else first_pause
        self._on_refusal = on_refusal
        # How often the site failed or turned a read away: a sign to ask for less at once.
        self.failed_reads = 0

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = transport.open_session(self._timeout)
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

    async def get(self, path: str, params: Params | None = None) -> Json:
        """The JSON at /api/`path`. Raises ImisError."""
        return await self._read("GET", path, params=params)

    async def execute(self, entity: str, operation: str, *parameters: Json) -> Json:
        """The result of a named operation that only reads, whichever way the site wraps it.

        Some versions answer with a ServiceResponse, others with the bare object or null.
        """
        body = wire.execute_request(entity, operation, list(parameters))
        answer = await self._read("POST", f"{entity}/_execute", json=body)
        if isinstance(answer, dict) and "Result" in answer:
            return answer["Result"]
        return answer

    async def post(self, path: str, json: Json) -> Json:
        """Creates what `json` says, once. Raises ImisError, perhaps an ambiguous one."""
        return await self._call("POST", path, is_write=True, json=json)

    async def sign_in(self, *, insist: bool = False) -> str:
        """Makes sure of a fresh token; the user's name as iMIS writes it. Raises ImisError.

        A password that was refused is not tried again for half an hour, unless somebody insists
        who knows that something has changed.
        """
        if insist:
            self._tokens.forgive(self.base_url, self.username)
        return (await self._token()).username

    async def _read(self, method: str, path: str, **request: Any) -> Json:
        for attempt in range(TRIES_OF_A_READ - 1):
            try:
                return await self._call(method, path, is_write=False, **request)
            except (ImisUnreachable, ImisUnavailable):
                self.failed_reads += 1
                jitter = random.uniform(0.5, 1.5)  # noqa: S311  # nothing secret about a pause
                await asyncio.sleep(self._first_pause * 2**attempt * jitter)
        return await self._call(method, path, is_write=False, **request)

    async def _call(self, method: str, path: str, *, is_write: bool, **request: Any) -> Json:
        token = await self._token()
        status, text = await self._exchange(method, path, token, is_write=is_write, **request)
        if status == HTTPStatus.UNAUTHORIZED:
            # The site forgot the token: a restart of its web server does that. Nothing was
            # carried out, so even a write may be sent with a new one.
            self._tokens.drop(self.base_url, self.username, token)
            token = await self._token()
            status, text = await self._exchange(method, path, token, is_write=is_write, **request)
        return answers.read(status, text, is_write=is_write)

    async def _exchange(
        self, method: str, path: str, token: Token, *, is_write: bool, **request: Any
    ) -> tuple[int, str]:
        return await transport.exchange(
            self._entered(),
            method,
            f"{self.base_url}/api/{path}",
            is_write=is_write,
            headers={"Authorization": f"Bearer {token.value}"},
            **request,
        )

    async def _token(self) -> Token:
        key = (self.base_url, self.username, self._password)
        while True:
            found = self._tokens.begin(*key)
            if isinstance(found, Token):
                return found
            if found.is_ours:
                return await self._carry_out(key)
            try:
                return await asyncio.wrap_future(found.outcome)
            except SignInAbandoned:
                continue
            except ImisError as error:
                # One exception for many who waited would mix up their tracebacks.
                raise copy.copy(error) from None

    async def _carry_out(self, key: tuple[str, str, str]) -> Token:
        outcome: Token | ImisError | None = None
        try:
            outcome = await self._new_token()
        except ImisError as error:
            outcome = error
            raise
        finally:
            self._tokens.end(*key, outcome)
            if isinstance(outcome, ImisSignInRefused) and self._on_refusal is not None:
                await self._on_refusal(outcome)
        return outcome

    async def _new_token(self) -> Token:
        began = time.monotonic()
        form = {"grant_type": "password", "username": self.username, "password": self._password}
        status, text = await transport.exchange(
            self._entered(), "POST", f"{self.base_url}/token", is_write=False, data=form
        )
        answer = answers.read_token(status, text, username=self.username)
        lifetime = float(answer.get("expires_in") or DEFAULT_LIFETIME)
        return Token(
            value=answer["access_token"],
            expires_at=began + lifetime,
            lifetime=lifetime,
            username=str(answer.get("userName") or self.username),
        )

    def _entered(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Enter the client with `async with` before you use it.")
        return self._session


async def sign_in_staff(base_url: str, username: str, password: str) -> StaffUser:
    """Signs somebody in with their own password, and makes sure that they are staff.

    Raises ImisSignInRefused (ImisNotStaff for a good password of somebody else), ImisError.
    """
    async with ImisClient(
        base_url, username, password, tokens=TokenStore(), timeout=SIGN_IN_TIMEOUT
    ) as client:
        name = await client.sign_in()
        roles = await roles_of(client, name)
    if STAFF_ROLES.isdisjoint(role.casefold() for role in roles):
        raise ImisNotStaff(
            "Only iMIS staff may sign in here.",
            remedy="If you are staff, ask your iMIS administrator to give you the role SysAdmin.",
        )
    return StaffUser(name, roles)


async def roles_of(client: ImisClient, username: str) -> tuple[str, ...]:
    """The user's roles, by the operation of newer sites or the user entity of older ones."""
    try:
        roles = wire.values(
            await client.execute("UserSecurity", "GetUserRoles", wire.string(username))
        )
    except (ImisNotFound, ImisInvalid, ImisForbidden, ImisUnavailable):
        roles = []
    if not roles:
        roles = await _roles_of_user(client, username)
    return tuple(
        str(role.get("RoleName", "") if isinstance(role, dict) else role) for role in roles
    )


async def _roles_of_user(client: ImisClient, username: str) -> list[Json]:
    try:
        page = await client.get("User", {"UserName": username})
    except (ImisNotFound, ImisInvalid, ImisForbidden):
        return []
    # A site that ignores the filter answers with everybody: somebody else's roles do not count.
    for user in wire.values(page.get("Items") if isinstance(page, dict) else None):
        if str(user.get("UserName", "")).casefold() == username.casefold():
            return [] if user.get("IsDisable") else wire.values(user.get("Roles"))
    return []
