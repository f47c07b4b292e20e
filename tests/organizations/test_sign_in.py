"""Who may come in: iMIS staff with their own password, local administrators, nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.organizations import sign_in
from textmanager.organizations.models import (
    FailedSignIn,
    ImisConnection,
    Membership,
    Organization,
    Role,
    User,
)
from textmanager.sandbox.imis import ImisSettings, create_app

HOME = "/"
CAMPAIGNS = "/campaigns/"
STAFF = {"cloud_id": "sample", "username": "jordan.lee", "password": "demo-password"}
LOCAL = {"cloud_id": "", "username": "alice", "password": "a long password of theirs"}


@pytest.fixture(scope="module")
def imis() -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings())) as address:
        yield address


@pytest.fixture
def sample(organization: Organization, imis: str) -> Organization:
    ImisConnection.objects.update(base_url=imis)
    return organization


def enter(client: Client, address: str = "/sign-in/", **fields: str) -> Any:
    return client.post(address, fields)


def test_staff_enter_with_their_imis_password(sample: Organization, client: Client) -> None:
    assert enter(client, **STAFF).headers["Location"] == HOME
    assert client.get(CAMPAIGNS).status_code == 200
    user = User.objects.get()
    assert (user.username, user.imis_username) == ("jordan.lee@sample", "jordan.lee")
    assert not user.has_usable_password()
    assert user.memberships.get().role == Role.AUTHOR


def test_the_second_sign_in_is_the_same_person(sample: Organization, client: Client) -> None:
    enter(client, **STAFF)
    client.post("/sign-out/")
    enter(client, **{**STAFF, "username": "JORDAN.LEE", "cloud_id": " Sample "})
    assert User.objects.count() == Membership.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password": "wrong"}, "iMIS does not accept"),
        ({"username": "nobody"}, "iMIS does not accept"),
        ({"cloud_id": "elsewhere"}, "not right"),
        ({"username": "member", "password": "member-password"}, "Only iMIS staff"),
        ({"cloud_id": ""}, "not right"),  # an iMIS user has no local password
    ],
)
def test_others_are_refused_and_told_why(
    sample: Organization, client: Client, changed: dict[str, str], told: str
) -> None:
    answer = enter(client, **{**STAFF, **changed})
    assert answer.status_code == 403
    assert told in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert not User.objects.exists()


def test_what_was_typed_is_there_again_but_for_the_password(
    sample: Organization, client: Client
) -> None:
    page = enter(client, **{**STAFF, "password": "wrong-one"}).content.decode()
    assert 'value="jordan.lee"' in page
    assert 'value="sample"' in page
    assert "wrong-one" not in page


def test_somebody_who_was_switched_off_stays_out(sample: Organization, client: Client) -> None:
    enter(client, **STAFF)
    client.post("/sign-out/")
    User.objects.update(is_active=False)
    assert "switched off" in enter(client, **STAFF).content.decode()


def test_a_membership_that_was_taken_away_is_gone_at_once(
    sample: Organization, client: Client
) -> None:
    enter(client, **STAFF)
    Membership.objects.all().delete()
    assert client.get(CAMPAIGNS).headers["Location"] == "/organization/"


def test_a_local_administrator_enters_without_a_cloud_id(alice: User, client: Client) -> None:
    assert enter(client, **LOCAL).headers["Location"] == HOME
    assert client.get(CAMPAIGNS).status_code == 200


def test_a_local_administrator_of_several_chooses(alice: User, client: Client) -> None:
    other = world.organization("other")
    Membership.objects.create(organization=other, user=alice, role=Role.ADMIN)
    enter(client, **LOCAL)
    assert client.get(CAMPAIGNS).headers["Location"] == "/organization/"
    page = client.get("/organization/").content.decode()
    assert "Sample Association" in page
    assert "Other Association" in page
    client.post("/organization/", {"organization": other.pk})
    assert "Other Association" in client.get(CAMPAIGNS).content.decode()


def test_nobody_chooses_an_organization_that_is_not_theirs(
    alice: User, charlie: User, client: Client
) -> None:
    client.force_login(alice)
    theirs = Organization.objects.get(cloud_id="other")
    assert client.post("/organization/", {"organization": theirs.pk}).status_code == 404
    assert client.post("/organization/", {"organization": "x"}).status_code == 404


def test_an_imis_that_is_away_is_said_and_does_not_count_as_a_failure(
    organization: Organization, client: Client
) -> None:
    answer = enter(client, **STAFF)
    assert "cannot be signed in just now" in answer.content.decode()
    assert not FailedSignIn.objects.exists()


def test_after_five_failures_even_the_right_password_waits(alice: User, client: Client) -> None:
    for _ in range(sign_in.FAILURES_A_NAME):
        assert "not right" in enter(client, **{**LOCAL, "password": "x"}).content.decode()
    assert "Too many sign-ins" in enter(client, **LOCAL).content.decode()
    # Another name from the same address is not shut out.
    assert "not right" in enter(client, **{**LOCAL, "username": "bob"}).content.decode()
    with time_machine.travel(timezone.now() + sign_in.LOOK_BACK + dt.timedelta(seconds=1)):
        assert enter(client, **LOCAL).status_code == 302


def test_names_tried_one_after_the_other_from_one_address_are_stopped(
    alice: User, client: Client
) -> None:
    for number in range(sign_in.FAILURES_AN_ADDRESS):
        enter(client, **{**LOCAL, "username": f"user{number}"})
    assert "Too many sign-ins" in enter(client, **LOCAL).content.decode()
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert enter(elsewhere, **LOCAL).status_code == 302


def test_an_address_that_a_client_makes_up_does_not_help_it(
    alice: User, client: Client, settings: Any
) -> None:
    settings.TRUST_PROXY = False
    for number in range(sign_in.FAILURES_A_NAME):
        client.post(
            "/sign-in/",
            {**LOCAL, "password": "x"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
    addresses = {failure.key for failure in FailedSignIn.objects.filter(key__startswith="address")}
    assert addresses == {"address:127.0.0.1"}


def test_a_good_sign_in_forgets_the_failures_of_that_name(alice: User, client: Client) -> None:
    for _ in range(sign_in.FAILURES_A_NAME - 1):
        enter(client, **{**LOCAL, "password": "x"})
    enter(client, **LOCAL)
    client.post("/sign-out/")
    for _ in range(sign_in.FAILURES_A_NAME - 1):
        enter(client, **{**LOCAL, "password": "x"})
    assert enter(client, **LOCAL).status_code == 302


def test_failures_are_forgotten_when_no_limit_looks_at_them(db: None) -> None:
    now = timezone.now()
    FailedSignIn.objects.create(key="old", at=now - sign_in.LOOK_BACK - dt.timedelta(minutes=1))
    FailedSignIn.objects.create(key="new", at=now)
    sign_in.forget_old_failures()
    assert FailedSignIn.objects.get().key == "new"


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/runs/campaign/1/", "/runs/campaign/1/"),
        ("https://evil.example.org/", HOME),
        ("//evil.example.org/", HOME),
        ("javascript:alert(1)", HOME),
    ],
)
def test_the_way_on_never_leaves_the_site(
    alice: User, client: Client, wanted: str, led_to: str
) -> None:
    answer = enter(client, **LOCAL, next=wanted)
    assert answer.headers["Location"] == led_to


def test_signing_in_changes_the_session_and_signing_out_ends_it(
    alice: User, client: Client
) -> None:
    client.get("/sign-in/")
    enter(client, **LOCAL)
    inside = client.session.session_key
    assert client.get("/sign-out/").status_code == 405
    assert client.get(CAMPAIGNS).status_code == 200
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get(CAMPAIGNS).status_code == 302
    assert client.session.session_key != inside


def test_a_form_without_its_token_is_refused(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/sign-in/", LOCAL).status_code == 403
    strict.force_login(alice)
    assert strict.post("/sign-out/").status_code == 403
