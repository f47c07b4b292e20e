"""Every secret is sealed with the newest key, so that the older one can go."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from textmanager.commands import rekey
from textmanager.organizations.models import ImisConnection, Organization, TwilioConnection
from textmanager.organizations.resealing import reseal_secrets, sealed_fields
from textmanager.organizations.secrets import SecretUnreadable, is_of_newest_key, seal, unseal

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def sealed_with_old(organization: Organization, settings: Any) -> Organization:
    """Three secrets under the old key, and a new one in front of it."""
    settings.ENCRYPTION_KEYS = [OLD]
    imis = ImisConnection.objects.get(organization=organization)
    imis.set_password("of iMIS")
    imis.save()
    twilio = TwilioConnection.objects.get(organization=organization)
    twilio.set_auth_token("of Twilio")
    twilio.set_secondary_token("second of Twilio")
    twilio.save()
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return organization


def secrets() -> list[str]:
    twilio = TwilioConnection.objects.get()
    return [ImisConnection.objects.get().password, *twilio.signing_tokens]


def test_afterwards_the_old_key_is_not_needed(sealed_with_old: Organization, settings: Any) -> None:
    result = reseal_secrets()

    assert (result.anew, result.already, result.unreadable) == (3, 0, [])
    settings.ENCRYPTION_KEYS = [NEW]
    assert secrets() == ["of iMIS", "of Twilio", "second of Twilio"]


def test_a_key_that_is_none_is_told_as_a_lost_one(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("of iMIS")
    settings.ENCRYPTION_KEYS = ["not a key"]
    with pytest.raises(SecretUnreadable, match="Put the key that sealed it back"):
        unseal(sealed)


def test_it_may_be_run_again(sealed_with_old: Organization) -> None:
    reseal_secrets()
    before = ImisConnection.objects.get().password_sealed

    assert (reseal_secrets().anew, reseal_secrets().already) == (0, 3)
    assert ImisConnection.objects.get().password_sealed == before


def test_what_nobody_can_read_is_named_and_left(
    sealed_with_old: Organization, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    lost = seal("lost")
    ImisConnection.objects.update(password_sealed=lost)
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    result = reseal_secrets()

    assert result.anew == 2
    assert result.unreadable == [
        f"ImisConnection {ImisConnection.objects.get().pk}: password_sealed"
    ]
    assert ImisConnection.objects.get().password_sealed == lost


def test_every_secret_that_is_kept_is_gone_over() -> None:
    found = {model.__name__: names for model, names in sealed_fields()}

    assert found["ImisConnection"] == ["password_sealed"]
    assert {"auth_token_sealed", "secondary_token_sealed", "api_key_secret_sealed"} <= set(
        found["TwilioConnection"]
    )


def test_only_the_newest_key_counts(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("secret")
    assert is_of_newest_key(sealed)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert not is_of_newest_key(sealed)


def test_the_command_says_how_many_and_never_which_words(
    sealed_with_old: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekey, "prepare", lambda: None)

    said = CliRunner().invoke(rekey.command)

    assert said.exit_code == 0
    assert said.output == "Sealed anew: 3. With the newest key already: 0.\n"


def test_the_command_fails_when_a_secret_cannot_be_read(
    sealed_with_old: Organization, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(rekey, "prepare", lambda: None)
    settings.ENCRYPTION_KEYS = [NEW]

    said = CliRunner().invoke(rekey.command)

    assert said.exit_code == 1
    assert "cannot be read with any of the keys" in said.output
    assert "enter the secrets anew" in said.output
