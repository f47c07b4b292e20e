"""Keys that an installation makes for itself on its first start, kept outside the database."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
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
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_once(path, make())
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise environment.ConfigurationError(
            f"The data folder {path.parent} cannot be used ({error.strerror}). "
            "Make it writable, or set TEXTMANAGER_DATA_DIR to another folder."
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Writes a file that nobody sees half written, unless another process was first."""
    # Made readable for its owner alone.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent) as draft:
        draft.write(text)
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, path)
