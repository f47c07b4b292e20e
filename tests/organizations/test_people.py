"""People and roles: nobody locks everybody out, and a link lets exactly one person in once."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client

import world
from textmanager.organizations import invitations, people
from textmanager.organizations.models import (
    AuditEvent,
    Invitation,
    Membership,
    Organization,
    Role,
    User,
)
from textmanager.organizations.sign_in import _staff_member

pytestmark = pytest.mark.django_db

PASSWORD = "violets and radishes"


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def change(desk: Client, person: User, organization: Organization, **form: str) -> str:
    membership = organization.memberships.get(user=person)
    address = f"/settings/people/{membership.pk}/"
    return shown(desk.post(address, {"role": membership.role, **form}, follow=True))


def remove(desk: Client, person: User, organization: Organization) -> str:
    membership = organization.memberships.get(user=person)
    return shown(desk.post(f"/settings/people/{membership.pk}/remove/", follow=True))


def test_the_list_tells_roles_and_who_was_seen_when(
    desk: Client, bob: User, organization: Organization
) -> None:
    bob.memberships.update(last_seen_at=None)
    page = shown(desk.get("/settings/people/"))
    assert "2 people" in page
    assert page.index("alice") < page.index("bob")
    assert "just now" in page
    assert "never" in page
    assert "With a password here" in page


def test_being_seen_is_written_once_in_five_minutes(
    desk: Client, alice: User, organization: Organization
) -> None:
    alice.memberships.update(last_seen_at=None)
    start = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
    seen = []
    for minutes in (0, 4, 6):
        with time_machine.travel(start + dt.timedelta(minutes=minutes), tick=False):
            desk.get("/campaigns/")
            seen.append(alice.memberships.get().last_seen_at)
    assert [at - start for at in seen if at] == [
        dt.timedelta(0),
        dt.timedelta(0),
        dt.timedelta(minutes=6),
    ]


def test_a_role_and_an_address_are_changed_and_told(
    desk: Client, bob: User, organization: Organization
) -> None:
    page = change(desk, bob, organization, role="approver", email="bob@example.org")
    assert "bob is an approver now" in page
    membership = bob.memberships.get()
    assert (membership.role, membership.email) == (Role.APPROVER, "bob@example.org")
    event = AuditEvent.objects.get()
    assert (event.action, event.subject_name) == ("changed member", "bob")
    assert (event.before["role"], event.after["role"]) == ("viewer", "approver")


def test_what_is_no_address_changes_nothing(
    desk: Client, bob: User, organization: Organization
) -> None:
    assert "nobody is not an e-mail" in change(
        desk, bob, organization, role="admin", email="nobody"
    )
    assert bob.memberships.get().role == Role.VIEWER


def test_nobody_takes_the_role_from_themselves_or_goes(
    desk: Client, alice: User, organization: Organization
) -> None:
    world.person("dora", organization, Role.ADMIN)
    assert "Another administrator" in change(desk, alice, organization, role="viewer")
    assert "You cannot remove yourself" in remove(desk, alice, organization)
    assert alice.memberships.get().role == Role.ADMIN


def test_whoever_is_removed_has_no_access_with_the_next_click(
    desk: Client, bob: User, organization: Organization
) -> None:
    theirs = Client()
    theirs.force_login(bob)
    assert theirs.get("/campaigns/").status_code == 200
    assert "bob has no access any more" in remove(desk, bob, organization)
    assert theirs.get("/campaigns/").status_code == 302
    assert User.objects.filter(username="bob").exists(), "What they did stays under their name."


def test_the_last_administrator_stays(organization: Organization, alice: User, bob: User) -> None:
    """As bob would do it, had he been an administrator a moment ago."""
    membership = alice.memberships.get()
    with pytest.raises(people.NotAllowed, match="last administrator"):
        people.remove_member(organization=organization, membership_id=membership.pk, actor=bob)
    with pytest.raises(people.NotAllowed, match="last administrator"):
        people.change_member(
            organization=organization,
            membership_id=membership.pk,
            role=Role.AUTHOR,
            email="",
            actor=bob,
        )


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once_leave_one() -> None:
    organization = world.organization()
    pair = [world.person(name, organization, Role.ADMIN) for name in ("alice", "dora")]

    def remove_other(actor: User, other: User) -> bool:
        try:
            people.remove_member(
                organization=organization,
                membership_id=Membership.objects.get(user=other).pk,
                actor=actor,
            )
        except (people.NotAllowed, Membership.DoesNotExist):
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(remove_other, pair, reversed(pair)))
    assert sorted(done) == [False, True]
    assert Membership.objects.filter(role=Role.ADMIN).count() == 1


def test_imis_staff_is_let_in_before_the_first_sign_in_and_after_a_removal(
    desk: Client, organization: Organization
) -> None:
    form = {"imis_username": "Sam.Rivera", "staff_role": "approver"}
    assert "may sign in" in shown(desk.post("/settings/people/staff/", form, follow=True))
    sam = _staff_member(organization, "sam.rivera")
    assert sam.memberships.get().role == Role.APPROVER
    assert "belongs to the organization already" in shown(
        desk.post("/settings/people/staff/", form)
    )
    remove(desk, sam, organization)
    assert not _staff_member(organization, "sam.rivera").memberships.exists()
    desk.post("/settings/people/staff/", form)
    assert sam.memberships.get().role == Role.APPROVER


def test_the_role_of_a_first_sign_in_is_the_organizations_choice(
    desk: Client, organization: Organization
) -> None:
    assert _staff_member(organization, "one").memberships.get().role == Role.AUTHOR
    page = shown(desk.post("/settings/people/staff/role/", {"staff_role": "viewer"}, follow=True))
    assert "who is here keeps their role" in page
    organization.refresh_from_db()
    assert _staff_member(organization, "two").memberships.get().role == Role.VIEWER
    assert _staff_member(organization, "one").memberships.get().role == Role.AUTHOR
    refused = shown(desk.post("/settings/people/staff/role/", {"staff_role": "admin"}))
    assert "Select a valid choice" in refused


class TestAnInvitation:
    def invite(self, desk: Client, email: str = "Erin@example.org", role: str = "author") -> str:
        """The path in the mail."""
        page = desk.post("/settings/people/invite/", {"email": email, "role": role}, follow=True)
        assert "is invited" in shown(page)
        found = re.search(r"https?://[^/]+(/invitation/\S+)", str(mail.outbox[-1].body))
        assert found
        return found.group(1)

    def accept(self, path: str, password: str = PASSWORD, again: str = PASSWORD) -> Any:
        return Client().post(path, {"password": password, "again": again})

    def test_it_makes_an_account_and_signs_in(
        self, desk: Client, organization: Organization
    ) -> None:
        path = self.invite(desk)
        assert mail.outbox[0].to == ["erin@example.org"]
        browser = Client()
        assert "Sample Association" in shown(browser.get(path))
        answer = browser.post(path, {"password": PASSWORD, "again": PASSWORD})
        assert answer.headers["Location"] == "/"
        assert browser.get("/campaigns/").status_code == 200
        erin = User.objects.get(username="erin@example.org")
        assert erin.check_password(PASSWORD)
        assert erin.memberships.get().role == Role.AUTHOR
        assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
            "invited",
            "joined",
        ]
        assert PASSWORD not in str(list(AuditEvent.objects.values()))

    def test_it_works_once(self, desk: Client) -> None:
        path = self.invite(desk)
        assert self.accept(path).status_code == 302
        second = self.accept(path, "another password of theirs", "another password of theirs")
        assert second.status_code == 403
        assert "used or withdrawn" in shown(second)
        assert User.objects.get(username="erin@example.org").check_password(PASSWORD)

    def test_an_account_that_appears_meanwhile_is_not_entered_without_its_password(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = self.invite(desk)
        seen = invitations.has_account

        def made_right_after_the_look(invitation: Invitation) -> bool:
            known = seen(invitation)
            if not known:
                User.objects.create_user(username=invitation.email, password="their own words")
            return known

        monkeypatch.setattr(invitations, "has_account", made_right_after_the_look)
        token = path.rstrip("/").rsplit("/", 1)[1]
        with pytest.raises(invitations.NotInvited, match="account here by now"):
            invitations.accept(token, password=PASSWORD, address="127.0.0.1")
        erin = User.objects.get(username="erin@example.org")
        assert erin.check_password("their own words")
        assert not erin.memberships.exists()
        assert Invitation.objects.get().ended_at is None, "the link works for whoever has it."

    def test_it_runs_out_after_seven_days(self, desk: Client) -> None:
        start = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
        with time_machine.travel(start, tick=False):
            path = self.invite(desk)
        with time_machine.travel(start + dt.timedelta(days=7, seconds=-1), tick=False):
            assert Client().get(path).status_code == 200
        with time_machine.travel(start + dt.timedelta(days=7, seconds=2), tick=False):
            assert "has run out" in shown(self.accept(path))
        assert not User.objects.filter(username="erin@example.org").exists()

    def test_a_link_that_somebody_changed_is_worth_nothing(self, desk: Client) -> None:
        path = self.invite(desk)
        assert "not whole" in shown(self.accept(f"{path[:-3]}xx/"))

    def test_a_withdrawn_one_and_an_older_one_are_worth_nothing(self, desk: Client) -> None:
        older, newer = self.invite(desk), self.invite(desk)
        assert self.accept(older).status_code == 403
        waiting = Invitation.objects.get(ended_at=None)
        desk.post(f"/settings/people/invitations/{waiting.pk}/")
        assert self.accept(newer).status_code == 403
        assert not User.objects.filter(username="erin@example.org").exists()

    @pytest.mark.parametrize(
        ("password", "again", "told"),
        [
            ("short", "short", "too short"),
            ("password1234", "password1234", "too common"),
            (PASSWORD, "something else", "The two passwords differ"),
        ],
    )
    def test_a_weak_password_is_refused_and_the_link_still_works(
        self, desk: Client, password: str, again: str, told: str
    ) -> None:
        path = self.invite(desk)
        assert told in shown(self.accept(path, password, again))
        assert self.accept(path).status_code == 302

    def test_who_has_an_account_joins_with_its_own_password(
        self, desk: Client, organization: Organization
    ) -> None:
        erin = world.person("erin@example.org", world.organization("other"), Role.ADMIN)
        path = self.invite(desk)
        assert "You have an account here already" in shown(Client().get(path))
        assert "is not right" in shown(self.accept(path, "a guess of somebody"))
        assert not organization.memberships.filter(user=erin).exists()
        assert self.accept(path, "a long password of theirs").status_code == 302
        erin.refresh_from_db()
        assert erin.check_password("a long password of theirs")
        assert organization.memberships.get(user=erin).role == Role.AUTHOR
        assert erin.memberships.count() == 2

    def test_what_the_mail_server_refuses_is_told_and_leaves_no_link(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: Any) -> None:
            raise SMTPRecipientsRefused({"erin@example.org": (550, b"No such user here")})

        monkeypatch.setattr("textmanager.organizations.invitations.send_mail", refuse)
        page = shown(
            desk.post("/settings/people/invite/", {"email": "erin@example.org", "role": "viewer"})
        )
        assert "550 No such user here" in page
        assert 'value="erin@example.org"' in page
        assert not Invitation.objects.filter(ended_at=None).exists()

    def test_who_is_here_already_is_not_invited(
        self, desk: Client, organization: Organization
    ) -> None:
        world.person("erin@example.org", organization, Role.VIEWER)
        page = shown(
            desk.post("/settings/people/invite/", {"email": "erin@example.org", "role": "admin"})
        )
        assert "belongs to the organization already" in page
        assert mail.outbox == []

    def test_those_that_wait_are_listed(self, desk: Client) -> None:
        self.invite(desk)
        page = shown(desk.get("/settings/people/"))
        assert "erin@example.org" in page
        assert "Has run out" not in page
        Invitation.objects.update(created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        assert "Has run out" in shown(desk.get("/settings/people/"))
