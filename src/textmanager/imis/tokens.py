"""Keeps bearer tokens for the life of the process, one for each site, user and password."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field

# A token is renewed this long before its end, so that none expires on its way.
SECONDS_EARLY = 30.0
SHARE_EARLY = 0.1


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


class TokenStore:
    """Tokens by (site, user), never written anywhere. Safe to share among threads.

    A token is given only to who knows the password that it was made with: otherwise a wrong
    new password would seem to work for as long as the old one's token lives.
    """

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], tuple[bytes, Token]] = {}
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)

    def get(self, base_url: str, username: str, password: str) -> Token | None:
        with self._lock:
            kept, token = self._tokens.get((base_url, username), (b"", None))
        if token is None or not secrets.compare_digest(kept, self._digest(password)):
            return None
        return token if token.is_fresh() else None

    def put(self, base_url: str, username: str, password: str, token: Token) -> None:
        with self._lock:
            self._tokens[base_url, username] = (self._digest(password), token)

    def drop(self, base_url: str, username: str, refused: Token) -> None:
        """Forgets a token that the site refused, unless a newer one has taken its place."""
        with self._lock:
            _, token = self._tokens.get((base_url, username), (b"", None))
            if token == refused:
                del self._tokens[base_url, username]

    def _digest(self, password: str) -> bytes:
        return hashlib.blake2b(password.encode(), key=self._key).digest()


SHARED = TokenStore()
