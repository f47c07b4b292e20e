"""Settings from the environment: defaults, files for secrets, and values that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textmanager.config import database, environment, mail
from textmanager.config.checks import (
    debug_pages_are_off,
    encryption_keys_are_fernet_keys,
    mail_folder_is_a_folder,
    public_address_is_encrypted,
)
from textmanager.config.environment import ConfigurationError


def test_a_setting_that_is_unset_or_blank_has_its_default() -> None:
    assert environment.text("TEXTMANAGER_PORT", {}) == "8000"
    assert environment.text("TEXTMANAGER_PORT", {"TEXTMANAGER_PORT": " "}) == "8000"
    assert environment.text("TEXTMANAGER_PORT", {"TEXTMANAGER_PORT": " 8080 "}) == "8080"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p@host/name\n")

    assert environment.text("DATABASE_URL", {"DATABASE_URL_FILE": str(file)}).endswith("host/name")
    with pytest.raises(ConfigurationError, match="DATABASE_URL_FILE cannot be read"):
        environment.text("DATABASE_URL", {"DATABASE_URL_FILE": str(tmp_path / "none")})


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("9000")

    assert environment.text("TEXTMANAGER_PORT", {"TEXTMANAGER_PORT_FILE": str(file)}) == "8000"


@pytest.mark.parametrize(("written", "meant"), [("yes", True), ("ON", True), ("0", False)])
def test_yes_and_no(monkeypatch: pytest.MonkeyPatch, written: str, *, meant: bool) -> None:
    monkeypatch.setenv("TEXTMANAGER_DEBUG", written)

    assert environment.flag("TEXTMANAGER_DEBUG") is meant


def test_a_typo_cannot_switch_a_guard_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMANAGER_DEBUG", "flase")
    with pytest.raises(ConfigurationError, match="TEXTMANAGER_DEBUG must be yes or no"):
        environment.flag("TEXTMANAGER_DEBUG")


@pytest.mark.parametrize("written", ["0", "-1", "ten", "1.5"])
def test_a_number_is_whole_and_from_1(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("TEXTMANAGER_WORKER_CONCURRENCY", written)
    with pytest.raises(ConfigurationError, match="whole number from 1"):
        environment.number("TEXTMANAGER_WORKER_CONCURRENCY")


def test_a_choice_is_one_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMANAGER_LOG_LEVEL", "debug")
    assert environment.choice("TEXTMANAGER_LOG_LEVEL", ("DEBUG", "INFO")) == "DEBUG"
    monkeypatch.setenv("TEXTMANAGER_LOG_LEVEL", "LOUD")
    with pytest.raises(ConfigurationError, match="one of DEBUG, INFO, not 'LOUD'"):
        environment.choice("TEXTMANAGER_LOG_LEVEL", ("DEBUG", "INFO"))


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {setting.name: setting for setting in environment.SETTINGS}
    for name, setting in by_name.items():
        monkeypatch.setenv(name, "smtp://ann:hunter2@mail.example.org")
        assert ("hunter2" in environment.shown(setting)) is not setting.secret
    monkeypatch.delenv("TEXTMANAGER_SECRET_KEY")
    assert environment.shown(by_name["TEXTMANAGER_SECRET_KEY"]) == "(not set)"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("console:", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("folder:/var/mail/out", {"EMAIL_FILE_PATH": "/var/mail/out"}),
        (
            "smtp://ann%40example.org:p%2Fw@mail.example.org",
            {
                "EMAIL_HOST": "mail.example.org",
                "EMAIL_PORT": 587,
                "EMAIL_HOST_USER": "ann@example.org",
                "EMAIL_HOST_PASSWORD": "p/w",
                "EMAIL_USE_TLS": True,
                "EMAIL_USE_SSL": False,
                "EMAIL_TIMEOUT": 20,
            },
        ),
        (
            "smtps://mail.example.org",
            {"EMAIL_PORT": 465, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": True},
        ),
        ("smtp://relay:25", {"EMAIL_PORT": 25, "EMAIL_USE_TLS": False}),
    ],
)
def test_where_mail_goes(url: str, found: dict[str, Any]) -> None:
    assert mail.settings_for(url).items() >= found.items()


@pytest.mark.parametrize("url", ["", "mail.example.org", "http://mail.example.org", "smtp://"])
def test_an_address_for_mail_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConfigurationError, match="TEXTMANAGER_MAIL_URL must begin with"):
        mail.settings_for(url)


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite:///file", "host/name"])
def test_only_postgresql_will_do(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL must be"):
        database.settings_for(url)


def test_a_key_that_cannot_seal_is_found_at_start(settings: Any) -> None:
    assert encryption_keys_are_fernet_keys() == []
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, "too short"]
    (found,) = encryption_keys_are_fernet_keys()
    assert (found.id, "Key 2" in found.msg) == ("textmanager.E001", True)
    assert "too short" not in f"{found.msg} {found.hint}"


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("https://texts.example.org", []),
        ("http://localhost:8000", []),
        ("http://127.0.0.1:8000", []),
        ("http://texts.example.org", ["textmanager.W001"]),
    ],
)
def test_passwords_do_not_travel_in_the_open(settings: Any, url: str, ids: list[str]) -> None:
    settings.PUBLIC_URL = url

    assert [found.id for found in public_address_is_encrypted()] == ids


def test_debug_pages_show_nothing_to_the_world(settings: Any) -> None:
    settings.DEBUG, settings.PUBLIC_URL = True, "https://texts.example.org"
    assert [found.id for found in debug_pages_are_off()] == ["textmanager.E002"]
    settings.PUBLIC_URL = "http://localhost:8000"
    assert debug_pages_are_off() == []


def test_a_mail_folder_that_cannot_be_made(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.EMAIL_FILE_PATH = str(tmp_path / "file" / "mail")
    assert [found.id for found in mail_folder_is_a_folder()] == ["textmanager.E003"]
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    assert mail_folder_is_a_folder() == []
    assert (tmp_path / "mail").is_dir()
