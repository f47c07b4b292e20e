"""Every setting of an installation: its name, its default, and what it is for."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


class ConfigurationError(Exception):
    """A setting has a value that cannot be used; the message says which and what to write."""


@dataclass(frozen=True)
class Setting:
    """One environment variable. A secret may also be given as a file named by NAME_FILE."""

    name: str
    default: str
    help: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        "",
        "PostgreSQL to use, such as postgresql://user:password@host/name. "
        "Empty: an embedded PostgreSQL in the data folder.",
        secret=True,
    ),
    Setting(
        "TEXTMANAGER_DATA_DIR",
        ".data",
        "Folder for the embedded database, generated keys and mail written to files.",
    ),
    Setting(
        "TEXTMANAGER_SECRET_KEY",
        "",
        "Signs sessions. Empty: generated once and kept in the data folder.",
        secret=True,
    ),
    Setting(
        "TEXTMANAGER_ENCRYPTION_KEYS",
        "",
        "Fernet keys for the secrets at rest, newest first, separated by commas. "
        "Empty: one is generated and kept in the data folder.",
        secret=True,
    ),
    Setting(
        "TEXTMANAGER_PUBLIC_URL",
        "http://localhost:8000",
        "Address under which browsers and Twilio reach this installation.",
    ),
    Setting(
        "TEXTMANAGER_ALLOWED_HOSTS",
        "",
        "Further host names to answer to, separated by commas. "
        "The public address and localhost always count.",
    ),
    Setting("TEXTMANAGER_HOST", "127.0.0.1", "Address that `textmanager serve` listens on."),
    Setting("TEXTMANAGER_PORT", "8000", "Port that `textmanager serve` listens on."),
    Setting(
        "TEXTMANAGER_TRUST_PROXY",
        "no",
        "yes: believe X-Forwarded-For and X-Forwarded-Proto, because a proxy of yours sets them.",
    ),
    Setting(
        "TEXTMANAGER_MAIL_URL",
        "console:",
        "Where mail goes: console:, folder:PATH, smtp://user:password@host:587 (STARTTLS) "
        "or smtps://user:password@host:465.",
        secret=True,
    ),
    Setting("TEXTMANAGER_MAIL_FROM", "Text Manager <textmanager@localhost>", "Sender of our mail."),
    Setting(
        "TEXTMANAGER_WORKER_CONCURRENCY",
        "20",
        "Jobs that one worker process runs at the same time.",
    ),
    Setting("TEXTMANAGER_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("TEXTMANAGER_DEBUG", "no", "yes: Django's debug pages. Never in production."),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def text(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The value of a setting, its default where it is unset or blank.

    A secret is read from the file named by NAME_FILE when that is set, which is how container
    platforms hand secrets over. Raises ConfigurationError when that file cannot be read.
    """
    environ = os.environ if environ is None else environ
    setting = _BY_NAME[name]
    file_name = environ.get(f"{name}_FILE", "") if setting.secret else ""
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{name}_FILE cannot be read: {error}") from error
    return environ.get(name, "").strip() or setting.default


def flag(name: str) -> bool:
    """A yes/no setting. Anything else is refused, so that a typo cannot switch a guard off."""
    value = text(name).lower()
    if value in {"yes", "true", "1", "on"}:
        return True
    if value in {"no", "false", "0", "off"}:
        return False
    raise ConfigurationError(f"{name} must be yes or no, not {value!r}.")


def number(name: str) -> int:
    """A whole number from 1."""
    value = text(name)
    if not value.isdecimal() or int(value) == 0:
        raise ConfigurationError(f"{name} must be a whole number from 1, not {value!r}.")
    return int(value)


def choice(name: str, allowed: Collection[str]) -> str:
    """One of a few words, in capitals."""
    value = text(name).upper()
    if value not in allowed:
        raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def shown(setting: Setting) -> str:
    """The value as an administrator may see it: secrets only tell whether they are set."""
    value = text(setting.name)
    if not setting.secret:
        return value
    return "(set, hidden)" if value and value != setting.default else value or "(not set)"
