"""Finds wrong configuration at start, as Django system checks with ids and hints."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name

TAG = "textmanager"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@register(TAG)
def encryption_keys_are_fernet_keys(**_options: Any) -> list[CheckMessage]:
    for place, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"Key {place} of TEXTMANAGER_ENCRYPTION_KEYS is not a Fernet key.",
                    hint="A key is 32 bytes in URL-safe base64, 44 characters. Make one with: "
                    'python -c "from cryptography.fernet import Fernet; '
                    'print(Fernet.generate_key().decode())"',
                    id="textmanager.E001",
                )
            ]
    return []


@register(TAG)
def public_address_is_encrypted(**_options: Any) -> list[CheckMessage]:
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme == "https" or public.hostname in LOOPBACK:
        return []
    return [
        Warning(
            f"{settings.PUBLIC_URL} is not encrypted: passwords can be read on the way.",
            hint="Put a proxy with a certificate in front and set TEXTMANAGER_PUBLIC_URL to its "
            "https:// address.",
            id="textmanager.W001",
        )
    ]


@register(TAG)
def debug_pages_are_off(**_options: Any) -> list[CheckMessage]:
    if not settings.DEBUG or urlsplit(settings.PUBLIC_URL).hostname in LOOPBACK:
        return []
    return [
        Error(
            "TEXTMANAGER_DEBUG is on under a public address: error pages would show secrets.",
            hint="Unset TEXTMANAGER_DEBUG.",
            id="textmanager.E002",
        )
    ]


@register(TAG)
def mail_folder_is_a_folder(**_options: Any) -> list[CheckMessage]:
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if folder is None:
        return []
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [
            Error(
                f"The mail folder {folder} cannot be used ({error.strerror}).",
                hint="Make it writable, or change TEXTMANAGER_MAIL_URL.",
                id="textmanager.E003",
            )
        ]
    return []
