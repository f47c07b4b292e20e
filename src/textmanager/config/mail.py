"""Turns the mail address of the environment into Django's mail settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from textmanager.config.environment import ConfigurationError

SECONDS_FOR_ONE_MAIL = 20


def settings_for(url: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for an address that begins with console:, folder: or smtp[s]:."""
    if url == "console:":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if url.startswith("folder:"):
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": url.removeprefix("folder:"),
        }
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigurationError(
            "TEXTMANAGER_MAIL_URL must begin with console:, folder:, smtp:// or smtps://."
        )
    implicit_tls = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit_tls else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit_tls,
        # Port 25 and 1025 are relays on the same machine or network, which rarely speak TLS.
        "EMAIL_USE_TLS": not implicit_tls and parts.port not in {25, 1025},
        "EMAIL_TIMEOUT": SECONDS_FOR_ONE_MAIL,
    }
