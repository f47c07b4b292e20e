"""What an organization entrusts to us: secrets sealed, deeds recorded for good."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

import world
from textmanager.gateway.account import TwilioCredentials
from textmanager.organizations import audit, founding
from textmanager.organizations.models import (
    AuditEvent,
    ImisConnection,
    Organization,
    SenderKind,
    TwilioConnection,
    User,
)
from textmanager.organizations.secrets import SecretUnreadable, seal, unseal

ACCOUNT_SID = "AC" + "0" * 32


def test_secrets_are_not_readable_in_the_database(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM organizations_imisconnection AS c")
        imis = cursor.fetchone()[0]
        cursor.execute("SELECT row_to_json(c)::text FROM organizations_twilioconnection AS c")
        twilio = cursor.fetchone()[0]
    assert "background-password" not in imis
    assert "token of sample" not in twilio
    assert ImisConnection.objects.get().password == "background-password"
    assert TwilioConnection.objects.get().auth_token == "token of sample"


def test_keys_can_be_changed_one_after_the_other(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    sealed = seal("secret")
    settings.ENCRYPTION_KEYS = [new, old]
    assert unseal(sealed) == "secret"
    sealed_anew = seal("secret")
    settings.ENCRYPTION_KEYS = [new]
    assert unseal(sealed_anew) == "secret"
    with pytest.raises(SecretUnreadable, match="TEXTMANAGER_ENCRYPTION_KEYS"):
        unseal(sealed)


def test_secrets_do_not_appear_where_things_are_printed(organization: Organization) -> None:
    credentials = TwilioConnection.objects.get().credentials()
    assert "token of sample" not in repr(credentials)
    account = founding.ImisAccount("https://imis.example.org", "user", "secret-password")
    assert "secret-password" not in repr(account)


def test_deeds_are_recorded_for_good(organization: Organization, alice: User) -> None:
    audit.record(organization=organization, actor=alice, action="paused", subject=organization)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(action="nothing")
    alice.delete()
    event = AuditEvent.objects.get()
    assert (event.actor, event.actor_name, event.action) == (None, "alice", "paused")


def found(**changed: str) -> Organization:
    values = {"cloud_id": "acme", "name": "Acme", "time_zone": "America/Chicago", **changed}
    return founding.found_organization(
        **values,
        imis=founding.ImisAccount("https://imis.example.org/ ", "background", "secret"),
        twilio=TwilioCredentials(ACCOUNT_SID, "token"),
    )


def test_an_organization_is_founded_whole(db: None) -> None:
    organization = found()
    founding.add_sender(
        organization, founding.NewSender("Office", SenderKind.TOLL_FREE, "+18005550199")
    )
    staff = founding.add_staff_administrator(organization, "Jordan.Lee")
    assert organization.imis.base_url == "https://imis.example.org"
    assert organization.senders.get().segments_per_second == 3.0
    assert staff.username == "jordan.lee@acme"
    assert founding.find_organization(" ACME ") == organization


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"cloud_id": "with blanks"}, "cloud_id"),
        ({"time_zone": "Eastern"}, "time_zone"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_stays(
    db: None, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        found(**changed)
    assert field in refused.value.message_dict
    assert not Organization.objects.exists()


@pytest.mark.parametrize("address", ["555-010", "2025550143", "MGshort", ""])
def test_a_sender_is_a_number_a_code_or_a_service(organization: Organization, address: str) -> None:
    new = founding.NewSender("Office", SenderKind.TOLL_FREE, address)
    with pytest.raises(ValidationError):
        founding.add_sender(organization, new)


def test_a_cloud_id_belongs_to_one(db: None) -> None:
    world.organization("acme")
    with pytest.raises(ValidationError, match="already exists"):
        found()
