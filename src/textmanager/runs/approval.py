"""Lets a second person approve what one person alone should not send.

An organization may say that a LIVE run of more than so many texts waits, once it is prepared. Who
started it, and who saved its campaign last, cannot be the second person.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from textmanager.campaigns.editing import SAVING
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations import audit, people
from textmanager.organizations.mailing import tell
from textmanager.organizations.models import Membership, Role
from textmanager.runs import notices
from textmanager.runs.holding import resume_run
from textmanager.runs.models import Run, RunState, RunTally
from textmanager.text.statuses import MessageStatus

TO_SEND = (MessageStatus.QUEUED, MessageStatus.HELD)


@dataclass(frozen=True)
class Approval:
    """Whether a run waits for a second person, and who that may be.

    `may_approve` is of the person who looks; `why_not` tells an approver why they are none here.
    """

    waits: bool
    may_approve: bool = False
    why_not: str = ""
    who: tuple[str, ...] = ()


def ask_if_needed(run: Run) -> str:
    """Why this run has to be held for a second person, whom it mails; empty when it need not be.

    The caller holds the run's lock, and holds the run.
    """
    limit = run.organization.approve_above
    if limit is None or run.is_test:
        return ""
    texts = texts_to_send(run)
    if texts <= limit:
        return ""
    run.needs_approval = True
    run.save(update_fields=["needs_approval"])
    transaction.on_commit(lambda: _mail(run, texts))
    return (
        f"This run waits for approval by a second person: it has {texts:,} texts, and above "
        f"{limit:,} nobody sends alone."
    )


def texts_to_send(run: Run) -> int:
    """How many texts of a prepared run are to leave."""
    tallies = RunTally.objects.filter(run=run, status__in=TO_SEND)
    return int(tallies.aggregate(texts=Sum("messages"))["texts"] or 0)


def approval_of(run: Run, membership: Membership) -> Approval:
    """What the run's page tells of it to one member."""
    if run.state != RunState.HELD or not run.waits_for_approval:
        return Approval(waits=False)
    first = first_persons(run)
    who = tuple(
        str(each.user) for each in people.approvers(run.organization) if each.user_id not in first
    )
    why_not = _why_not(membership, first)
    return Approval(True, not why_not, why_not, who)


@transaction.atomic
def approve_run(*, run_id: uuid.UUID, membership: Membership) -> Run:
    """Lets a run that waits for a second person go on. Raises NotPossible, Run.DoesNotExist."""
    organization = membership.organization
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "campaign")
        .get(pk=run_id, organization=organization)
    )
    if run.state != RunState.HELD or not run.waits_for_approval:
        raise NotPossible("This run does not wait for approval.")
    why_not = _why_not(membership, first_persons(run))
    if why_not:
        raise NotPossible(why_not)
    run.approved_by, run.approved_at = membership.user, timezone.now()
    run.save(update_fields=["approved_by", "approved_at"])
    audit.record(
        organization=organization,
        actor=membership.user,
        action="approved",
        subject=run,
        after={"texts": texts_to_send(run)},
    )
    return resume_run(organization=organization, run_id=run_id, actor=membership.user)


def first_persons(run: Run) -> frozenset[int]:
    """The keys of those who cannot be its second person: who started it, who saved it last.

    The trail tells who saved the campaign as it was when the run began; what somebody saves
    afterwards is not in this run. A run that tries again says what the first one said.
    """
    first_try = run
    while first_try.retry_of is not None:
        first_try = first_try.retry_of
    saved_by = audit.last_actor(run.campaign, actions=SAVING, before=first_try.created_at)
    keys = (run.started_by_id, saved_by.pk if saved_by else run.campaign.created_by_id)
    return frozenset(key for key in keys if key is not None)


def _why_not(membership: Membership, first: frozenset[int]) -> str:
    if not membership.may(Role.APPROVER):
        return "Only approvers and administrators may approve."
    if membership.user_id in first:
        return "You started this run or saved its campaign last, so somebody else has to approve."
    return ""


def _mail(run: Run, texts: int) -> None:
    """Tells those who may approve; the run's page shows it in any case."""
    tell(
        _second_persons_addresses(run),
        f"Waits for your approval: {run.campaign_name}",
        f"A run of “{run.campaign_name}” is prepared and waits for a second person: "
        f"{texts:,} texts.\n\nLook at it, then approve or cancel it:\n"
        f"{notices.run_address(run)}\n",
    )


def _second_persons_addresses(run: Run) -> list[str]:
    """Of those who may approve; where none is known, of those who are told of what needs a hand."""
    first = first_persons(run)
    known = [
        people.mail_address(each)
        for each in people.approvers(run.organization)
        if each.user_id not in first
    ]
    return sorted({address for address in known if address}) or run.organization.alert_emails
