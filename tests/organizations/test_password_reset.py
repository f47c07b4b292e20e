"""A forgotten password: one link, to the person alone, that works once."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from click.testing import CliRunner
from django.core import mail
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

import world
from textmanager.commands import password_link
from textmanager.organizations import password_reset, people
from textmanager.organizations.models import AuditEvent, FailedSignIn, Organization, Role, User

OLD = "a long password of theirs"
NEW = "quite another long password"
ASK = "/password/"


@pytest.fixture
def erin(organization: Organization) -> User:
    """Invited by mail: her address is her user name."""
    return world.person("erin@example.org", organization, Role.ADMIN)


def path_of(user: User) -> str:
    found = re.search(r"https?://[^/]+(/password/\S+)", password_reset.link(user))
    assert found
    return found[1]


def mailed_path() -> str:
    found = re.search(r"https?://[^/]+(/password/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def deferred() -> list[dict[str, int]]:
    return [job.args for job in ProcrastinateJob.objects.filter(task_name="mail_password_link")]


def test_a_link_is_mailed_and_sets_a_password_once(
    client: Client, erin: User, organization: Organization
) -> None:
    assert client.post(ASK, {"username": "Erin@Example.org "}).status_code == 200
    assert deferred() == [{"user_id": erin.pk}]
    assert password_reset.mail_link(erin.pk)
    assert mail.outbox[-1].to == ["erin@example.org"]
    path = mailed_path()
    assert "erin@example.org" in client.get(path).content.decode()

    answer = client.post(path, {"password": NEW, "again": NEW})
    assert answer.headers["Location"] == "/"
    assert client.get("/campaigns/").status_code == 200, "She is signed in with it."
    erin.refresh_from_db()
    assert erin.check_password(NEW)
    event = AuditEvent.objects.get(action="set a new password")
    assert (event.organization, event.actor_name) == (organization, "erin@example.org")

    other = Client()
    again = other.post(
        path, {"password": "a third long password", "again": "a third long password"}
    )
    assert again.status_code == 403
    assert "This link was used" in again.content.decode()
    erin.refresh_from_db()
    assert erin.check_password(NEW)


def test_every_other_session_ends(client: Client, erin: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(erin)
    assert elsewhere.get("/campaigns/").status_code == 200
    client.post(path_of(User.objects.get(pk=erin.pk)), {"password": NEW, "again": NEW})
    assert elsewhere.get("/campaigns/").headers["Location"].startswith("/sign-in/")


@pytest.mark.django_db(transaction=True)
def test_the_person_is_told_that_the_password_is_new(client: Client, erin: User) -> None:
    client.post(path_of(erin), {"password": NEW, "again": NEW})
    assert [(each.to, each.subject) for each in mail.outbox] == [
        (["erin@example.org"], "Your password for Text Manager is new")
    ]
    assert NEW not in str(mail.outbox[0].body)


def test_a_link_lasts_an_hour(client: Client, erin: User) -> None:
    path = path_of(erin)
    now = timezone.now()
    with time_machine.travel(now + dt.timedelta(minutes=58), tick=False):
        assert client.get(path).status_code == 200
    with time_machine.travel(now + dt.timedelta(minutes=62), tick=False):
        assert client.get(path).status_code == 403


def test_a_link_ends_when_the_password_is_remembered(client: Client, erin: User) -> None:
    path = path_of(erin)
    client.post("/sign-in/", {"cloud_id": "", "username": erin.username, "password": OLD})
    assert Client().get(path).status_code == 403


@pytest.mark.parametrize("part", ["key", "token"])
def test_a_link_that_somebody_changed_opens_nothing(
    client: Client, erin: User, alice: User, part: str
) -> None:
    _, key, token = path_of(erin).strip("/").split("/")
    theirs = path_of(alice).strip("/").split("/")[1]
    path = f"/password/{theirs}/{token}/" if part == "key" else f"/password/{key}/{token[:-1]}x/"
    assert client.get(path).status_code == 403
    assert client.get(f"/password/%20/{token}/").status_code == 403


def test_the_answer_never_tells_whether_an_account_exists(
    client: Client, erin: User, organization: Organization
) -> None:
    staff = world.person("sam.rivera@sample", organization, Role.AUTHOR)
    User.objects.filter(pk=staff.pk).update(imis_username="sam.rivera")
    gone = world.person("gone@example.org", organization, Role.AUTHOR)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    names = [erin.username, "nobody@example.org", staff.username, gone.username]
    answers = [client.post(ASK, {"username": name}) for name in names]
    pages = {re.sub(r"<body[^>]+>", "", each.content.decode()) for each in answers}
    assert len(pages) == 1
    assert {each.status_code for each in answers} == {200}
    # The same is done for each; only what the job finds differs.
    assert {job["user_id"] for job in deferred()} == {erin.pk, 0}
    assert [password_reset.mail_link(pk) for pk in (0, staff.pk, gone.pk)] == [False] * 3
    assert mail.outbox == []


def test_asking_is_limited_as_sign_ins_are(client: Client, erin: User) -> None:
    for _ in range(5):
        assert client.post(ASK, {"username": erin.username}).status_code == 200
    refused = client.post(ASK, {"username": erin.username.upper()})
    assert refused.status_code == 403
    assert "Too many links were asked for. Wait 15 minutes" in refused.content.decode()
    # Another's name is not shut out by it, nor is signing in.
    assert client.post(ASK, {"username": "somebody"}).status_code == 200
    enter = {"cloud_id": "", "username": erin.username, "password": OLD}
    assert client.post("/sign-in/", enter).headers["Location"] == "/"
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=16), tick=False):
        assert Client().post(ASK, {"username": erin.username}).status_code == 200


@pytest.mark.django_db
def test_an_address_that_asks_for_everybody_is_stopped(client: Client) -> None:
    codes = [client.post(ASK, {"username": f"name{n}"}).status_code for n in range(51)]
    assert codes == [200] * 50 + [403]


def test_a_new_password_lets_in_who_had_failed_too_often(client: Client, erin: User) -> None:
    for _ in range(5):
        client.post("/sign-in/", {"cloud_id": "", "username": erin.username, "password": "no"})
    client.post(path_of(erin), {"password": NEW, "again": NEW})
    enter = {"cloud_id": "", "username": erin.username, "password": NEW}
    assert Client().post("/sign-in/", enter).status_code == 302
    assert not FailedSignIn.objects.filter(key__startswith="name:").exists()


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [("short", "short", "too short"), (NEW, "something else", "The two passwords differ.")],
)
def test_a_password_that_is_not_taken_costs_no_link(
    client: Client, erin: User, password: str, again: str, said: str
) -> None:
    path = path_of(erin)
    assert said in client.post(path, {"password": password, "again": again}).content.decode()
    assert client.get(path).status_code == 200


def test_no_administrator_can_have_anothers_link_mailed_to_themselves(
    erin: User, alice: User, organization: Organization
) -> None:
    hers = erin.memberships.get()
    people.change_member(
        organization=organization,
        membership_id=hers.pk,
        role=Role.ADMIN,
        email="alice@example.org",
        actor=alice,
    )
    password_reset.mail_link(erin.pk)
    assert mail.outbox[-1].to == ["erin@example.org"]


def test_who_enters_an_own_address_is_mailed_there(alice: User, organization: Organization) -> None:
    assert not password_reset.mail_link(alice.pk), "Her name is no address."
    people.change_member(
        organization=organization,
        membership_id=alice.memberships.get().pk,
        role=Role.ADMIN,
        email="alice@example.org",
        actor=alice,
    )
    assert password_reset.mail_link(alice.pk)
    assert mail.outbox[-1].to == ["alice@example.org"]


def test_the_sign_in_page_leads_there_and_sends_staff_to_imis(client: Client) -> None:
    assert 'href="/password/">Forgot your password?' in client.get("/sign-in/").content.decode()
    assert "reset it on your iMIS site" in client.get(ASK).content.decode()


def test_the_command_prints_a_link_for_local_accounts_alone(
    erin: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_link, "prepare", lambda: None)
    said = CliRunner().invoke(password_link.command, [erin.username])
    assert client.get(f"/password/{said.output.strip().split('/password/')[1]}").status_code == 200
    assert CliRunner().invoke(password_link.command, ["nobody"]).exit_code == 1
    User.objects.update(imis_username="erin")
    refused = CliRunner().invoke(password_link.command, [erin.username])
    assert "reset the password there" in refused.output
