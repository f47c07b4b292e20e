"""Keeps bearer tokens for the life of the process, one for each site, user and password."""

from __future__ import annotations

import copy
import hashlib
import secrets
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from textmanager.imis.errors import ImisError, ImisSignInRefused

# A token is renewed this long before its end, so that none expires on its way.
SECONDS_EARLY = 30.0
SHARE_EARLY = 0.1
# Longer than the ten minutes in which the membership of ASP.NET counts wrong passwords together:
# a wrong one that nobody corrects never locks the account.
SECONDS_AFTER_REFUSAL = 1800.0


@dataclass(frozen=True)
class Token:
    """A bearer token. `expires_at` and `lifetime` are seconds, the first on the monotonic clock.

    `username` is the name as iMIS writes it.
    """

    value: str = field(repr=False)
    expires_at: float
    lifetime: float
    username: str

    def is_fresh(self) -> bool:
        early = min(SECONDS_EARLY, self.lifetime * SHARE_EARLY)
        return time.monotonic() < self.expires_at - early


@dataclass(frozen=True)
class SignIn:
    """A sign-in that is going on. Who finds it not `is_ours` waits for its outcome."""

    outcome: Future[Token] = field(repr=False)
    is_ours: bool


class SignInAbandoned(Exception):
    """Whoever signed in was called off; the next one may try."""


@dataclass(frozen=True)
class _Refusal:
    password: bytes = field(repr=False)
    until: float
    error: ImisSignInRefused


class TokenStore:
    """Tokens by (site, user), never written anywhere. Safe to share among threads and loops.

    A token is given only to who knows the password that it was made with: otherwise a wrong
    new password would seem to work for as long as the old one's token lives.

    However many calls want a token, one sign-in goes on at a time for each password. One that
    iMIS refused is not tried again for a while: an account is locked after a few.
    """

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], tuple[bytes, Token]] = {}
        self._going_on: dict[tuple[str, str, bytes], Future[Token]] = {}
        self._refusals: dict[tuple[str, str], _Refusal] = {}
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)

    def get(self, base_url: str, username: str, password: str) -> Token | None:
        with self._lock:
            return self._fresh(base_url, username, self._digest(password))

    def begin(self, base_url: str, username: str, password: str) -> Token | SignIn:
        """A fresh token if there is one, else the sign-in that leads to it.

        Who begins one has to `end` it. Raises ImisSignInRefused after a refusal.
        """
        digest = self._digest(password)
        key = (base_url, username, digest)
        with self._lock:
            known = self._fresh(*key)
            if known is not None:
                return known
            refusal = self._refusals.get((base_url, username))
            if refusal and refusal.password == digest and time.monotonic() < refusal.until:
                raise copy.copy(refusal.error)
            if key in self._going_on:
                return SignIn(self._going_on[key], is_ours=False)
            outcome: Future[Token] = Future()
            # From here on nobody who merely waits for it can cancel it.
            outcome.set_running_or_notify_cancel()
            self._going_on[key] = outcome
            return SignIn(outcome, is_ours=True)

    def end(
        self, base_url: str, username: str, password: str, outcome: Token | ImisError | None
    ) -> None:
        """Tells who waits how the sign-in ended; None when it was called off."""
        digest = self._digest(password)
        with self._lock:
            waited_for = self._going_on.pop((base_url, username, digest))
            if isinstance(outcome, Token):
                self._tokens[base_url, username] = (digest, outcome)
                self._refusals.pop((base_url, username), None)
        if isinstance(outcome, Token):
            waited_for.set_result(outcome)
        else:
            waited_for.set_exception(outcome or SignInAbandoned())
        if isinstance(outcome, ImisSignInRefused):
            self.refuse(base_url, username, password, outcome)

    def drop(self, base_url: str, username: str, refused: Token) -> None:
        """Forgets a token that the site refused, unless a newer one has taken its place."""
        with self._lock:
            _, token = self._tokens.get((base_url, username), (b"", None))
            if token == refused:
                del self._tokens[base_url, username]

    def refuse(
        self,
        base_url: str,
        username: str,
        password: str,
        error: ImisSignInRefused,
        *,
        seconds: float = SECONDS_AFTER_REFUSAL,
    ) -> None:
        """Answers with `error` for so long whoever would sign in with this very password."""
        until = time.monotonic() + seconds
        with self._lock:
            self._refusals[base_url, username] = _Refusal(
                self._digest(password), until, copy.copy(error)
            )

    def forgive(self, base_url: str, username: str) -> None:
        """Lets the next call sign in whatever was refused before."""
        with self._lock:
            self._refusals.pop((base_url, username), None)

    def _fresh(self, base_url: str, username: str, digest: bytes) -> Token | None:
        kept, token = self._tokens.get((base_url, username), (b"", None))
        if token is None or not secrets.compare_digest(kept, digest):
            return None
        return token if token.is_fresh() else None

    def _digest(self, password: str) -> bytes:
        return hashlib.blake2b(password.encode(), key=self._key).digest()


SHARED = TokenStore()
