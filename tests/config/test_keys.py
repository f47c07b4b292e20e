"""Keys that an installation makes for itself: once, for its owner alone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from textmanager.config import keys
from textmanager.config.environment import ConfigurationError


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("TEXTMANAGER_SECRET_KEY", "TEXTMANAGER_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEXTMANAGER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_key_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    first = keys.signing_key(), keys.encryption_keys()

    assert (keys.signing_key(), keys.encryption_keys()) == first
    assert Fernet(first[1][0])
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_a_key(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: keys.signing_key(), range(8)))

    assert len(made) == 1
    assert [file.name for file in folder.iterdir()] == ["secret.key"]


def test_a_configured_key_is_not_written_down(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTMANAGER_ENCRYPTION_KEYS", "newest, older")

    assert keys.encryption_keys() == ["newest", "older"]
    assert not folder.exists()


def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    folder.touch()
    with pytest.raises(ConfigurationError, match=f"{folder} cannot be used"):
        keys.signing_key()
