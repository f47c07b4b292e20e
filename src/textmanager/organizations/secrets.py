"""Seals the secrets that rest in the database with keys that are kept outside it."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

UNREADABLE = "A stored secret cannot be read with the present TEXTMANAGER_ENCRYPTION_KEYS."
REMEDY = "Put the key that sealed it back into the list, or enter the secret anew."


class SecretUnreadable(Exception):
    """A secret was sealed with a key that this installation no longer has."""


def seal(secret: str) -> str:
    """The secret as ciphertext, under the newest key. An empty secret stays empty."""
    return _keys().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret again, whichever of the configured keys sealed it. Raises SecretUnreadable."""
    if not sealed:
        return ""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        # ValueError: one of the list is no key at all, which the check of the settings names.
        raise SecretUnreadable(f"{UNREADABLE} {REMEDY}") from error


def reseal(sealed: str) -> str:
    """The same secret under the newest key. Raises SecretUnreadable."""
    return seal(unseal(sealed))


def is_of_newest_key(sealed: str) -> bool:
    """Whether the newest key opens it: then the older ones are not needed for it."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
