"""Keeps bearer tokens for the life of the process, one for each site and user."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

# Renewed this long before the end, so that none expires on its way.
SECONDS_EARLY = 30.0


@dataclass(frozen=True)
class Token:
    """A bearer token; `expires_at` is on the monotonic clock."""

    value: str
    expires_at: float

    def is_fresh(self) -> bool:
        return time.monotonic() < self.expires_at - SECONDS_EARLY


class TokenStore:
    """Tokens by (site, user), never written anywhere. Safe to share among threads."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], Token] = {}
        self._lock = threading.Lock()

    def get(self, base_url: str, username: str) -> Token | None:
        with self._lock:
            token = self._tokens.get((base_url, username))
        return token if token is not None and token.is_fresh() else None

    def put(self, base_url: str, username: str, token: Token) -> None:
        with self._lock:
            self._tokens[base_url, username] = token

    def drop(self, base_url: str, username: str) -> None:
        with self._lock:
            self._tokens.pop((base_url, username), None)


SHARED = TokenStore()
