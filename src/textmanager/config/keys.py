"""Keys that an installation makes for itself on its first start, kept outside the database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from textmanager.config import environment


def data_dir() -> Path:
    return Path(environment.text("TEXTMANAGER_DATA_DIR")).expanduser().resolve()


def signing_key() -> str:
    """The key that signs sessions and tokens."""
    return environment.text("TEXTMANAGER_SECRET_KEY") or _kept(
        "secret.key", lambda: secrets.token_urlsafe(50)
    )


def encryption_keys() -> list[str]:
    """Fernet keys, newest first: the first one seals, every one unseals."""
    configured = environment.words("TEXTMANAGER_ENCRYPTION_KEYS")
    return configured or [_kept("encryption.key", lambda: Fernet.generate_key().decode())]


def _kept(name: str, make: Callable[[], str]) -> str:
    path = data_dir() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # A rename is atomic, and a link fails when another process was first: two processes
        # that start together end up with one key.
        draft = path.with_name(f".{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make(), encoding="utf-8")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()
