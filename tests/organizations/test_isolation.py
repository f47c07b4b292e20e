"""Every page, found by walking the addresses: strangers see nothing, viewers change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import world
from textmanager.campaigns.models import AudienceCount, Campaign, CountState
from textmanager.organizations.models import (
    ImisConnection,
    Invitation,
    Membership,
    Organization,
    Role,
    Sender,
    TwilioConnection,
    User,
)
from textmanager.replies.models import Answer, Conversation, OptOut, OptOutImport, OptOutSource
from textmanager.runs.models import ReportMail, Run
from textmanager.text.statuses import MessageStatus

# Open to everybody, by design; their own tests say what they guard.
OPEN = {
    "health", "sign-in", "sign-out", "accept-invitation", "forgot-password", "new-password",
}  # fmt: skip
# Need a person, but no organization.
OUTSIDE_ORGANIZATIONS = {"choose-organization"}
# What a viewer may look at. Whatever is not named here changes something, or leads to a change.
LOOKING = {
    "home", "under-way", "help", "whats-new",
    "campaigns:list", "campaigns:calendar",
    "runs:list", "runs:detail", "runs:progress", "runs:messages",
    "replies:inbox", "replies:conversation", "replies:register", "replies:history",
    "replies:export", "replies:unread", "replies:thread", "appearance",
    "replies:import-outcome", "replies:import-progress",
    "runs:find", "runs:message", "runs:report", "runs:report-frame",
    "runs:export-csv", "runs:export-xlsx", "runs:bad-numbers-csv", "runs:bad-numbers-xlsx",
}  # fmt: skip
# Parts of pages and pages that name nothing, and files, whose content has tests of its own.
NAMELESS = {
    "replies:import-progress",
    "runs:progress", "runs:messages", "runs:find", "replies:unread", "appearance", "help",
    "whats-new",
} | {name for name in LOOKING if name.endswith(("-csv", "-xlsx", ":export"))}  # fmt: skip
SECRET = "Secret gathering"
OPTED_OUT = "+12025550177"


def names(patterns: Any, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every named address, with the parameters that it takes."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            yield prefix + pattern.name, set(pattern.pattern.regex.groupindex)


EVERY = dict(names(get_resolver().url_patterns))
INSIDE = sorted(set(EVERY) - OPEN - OUTSIDE_ORGANIZATIONS)


@pytest.fixture
def theirs(organization: Organization) -> Run:
    """A run of alice's organization, with a name that nobody else may read."""
    campaign = world.campaign(organization, by=world.sender(organization), name=SECRET)
    run = world.run(campaign)
    message = world.message(run, 1, status=MessageStatus.DELIVERED)
    conversation = Conversation.objects.create(
        organization=organization,
        number=message.to,
        last_words=SECRET,
        asks_to_stop=True,
        is_open=True,
    )
    conversation.inbound_texts.create(
        organization=organization, sid="SM1", from_number=message.to, to="555010", body=SECRET
    )
    Answer.objects.create(
        organization=organization,
        conversation=conversation,
        sender=campaign.sender,
        body=SECRET,
        segments=1,
        status=MessageStatus.DELIVERED,
    )
    OptOutImport.objects.create(
        organization=organization, file_name=SECRET, total=1, wrong=[[1, SECRET, SECRET]]
    )
    AudienceCount.objects.create(
        organization=organization,
        form_key="form",
        digest="0",
        question={},
        state=CountState.DONE,
        figures={"excluded": {"opted_out": 1}},
        left_out={"opted_out": [[0, SECRET, OPTED_OUT]]},
    )
    run.report_mails.create(to=["office@example.org"], subject=SECRET, text=SECRET, html=SECRET)
    OptOut.objects.create(
        organization=organization, number=OPTED_OUT, source=OptOutSource.STAFF, evidence=SECRET
    )
    world.person("dora", organization, Role.AUTHOR)
    Invitation.objects.create(organization=organization, email="erin@example.org", role=Role.ADMIN)
    return run


def address(name: str, run: Run) -> str:
    conversation = Conversation.objects.get(organization=run.organization)
    values = {
        "count_id": AudienceCount.objects.get(organization=run.organization).pk,
        "reason": "opted_out",
        "text_id": Answer.objects.get(organization=run.organization).pk,
        "campaign_id": run.campaign_id,
        "run_id": run.pk,
        "conversation_id": conversation.pk,
        "number": OPTED_OUT,
        "message_number": 1,
        "mail_id": ReportMail.objects.get(run=run).pk,
        "sender_id": run.sender_id,
        "membership_id": Membership.objects.get(user__username="dora").pk,
        "invitation_id": Invitation.objects.get().pk,
        "import_id": OptOutImport.objects.get(organization=run.organization).pk,
    }
    return reverse(name, kwargs={key: values[key] for key in EVERY[name] if key in values})


def test_the_walk_finds_the_pages() -> None:
    assert {"campaigns:edit", "runs:cancel", "campaigns:summary"} <= set(INSIDE)
    assert set(INSIDE) >= LOOKING


@pytest.mark.parametrize("name", [*INSIDE, *OUTSIDE_ORGANIZATIONS])
def test_nobody_looks_without_signing_in(theirs: Run, client: Client, name: str) -> None:
    for method in ("GET", "POST"):
        answer = client.generic(method, address(name, theirs))
        if answer.status_code == 405:
            continue
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", INSIDE)
def test_a_stranger_sees_and_changes_nothing(
    theirs: Run, charlie: User, client: Client, name: str
) -> None:
    client.force_login(charlie)
    before = state_of(theirs)
    for method in ("GET", "POST"):
        answer = client.generic(method, address(name, theirs))
        assert SECRET not in content(answer)
        if EVERY[name]:
            assert answer.status_code in {404, 405}, f"{method} gave {answer.status_code}"
    assert state_of(theirs) == before


@pytest.mark.parametrize("name", INSIDE)
def test_a_viewer_looks_and_changes_nothing(
    theirs: Run, bob: User, client: Client, name: str
) -> None:
    client.force_login(bob)
    before = state_of(theirs)
    assert bob.memberships.get().role == Role.VIEWER
    answer = client.get(address(name, theirs))
    if name in LOOKING:
        assert answer.status_code == 200
    else:
        assert answer.status_code in {403, 405}
        assert client.post(address(name, theirs)).status_code == 403
    assert state_of(theirs) == before


@pytest.mark.parametrize("name", sorted(LOOKING))
def test_a_viewer_is_offered_nothing_that_would_be_refused(
    theirs: Run, bob: User, client: Client, name: str
) -> None:
    client.force_login(bob)
    page = content(client.get(address(name, theirs)))
    # The one form that everybody has signs out; searching changes nothing.
    forms = page.count('method="post"') - page.count('action="/sign-out/"')
    assert forms == 0
    assert SECRET in page or name in NAMELESS


def content(answer: Any) -> str:
    if getattr(answer, "is_async", False):
        return ""  # a file under way: it is read by a connection that sees nothing of this test
    return b"".join(answer).decode()


def state_of(run: Run) -> tuple[Any, ...]:
    campaign = Campaign.objects.get(pk=run.campaign_id)
    return (
        Run.objects.count(),
        Run.objects.get(pk=run.pk).state,
        Campaign.objects.count(),
        campaign.state,
        campaign.deleted_at,
        campaign.version,
        list(Conversation.objects.order_by("pk").values()),
        list(OptOut.objects.order_by("pk").values()),
        Answer.objects.count(),
        list(Organization.objects.order_by("pk").values()),
        list(Sender.objects.order_by("pk").values()),
        list(TwilioConnection.objects.order_by("pk").values()),
        # Everybody may have their own looked at.
        list(ImisConnection.objects.filter(organization=run.organization).values()),
        list(Membership.objects.order_by("pk").values_list("user", "role", "email")),
        list(Invitation.objects.order_by("pk").values()),
    )
