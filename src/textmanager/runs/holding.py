"""Holds, releases and cancels runs, and tells somebody."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns import lifecycle
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.organizations.senders import sender_with_organization, why_out_of_use
from textmanager.organizations.templatetags.times import in_zone
from textmanager.runs import notices
from textmanager.runs.breakdown import counts_by_status, done_of, outcomes_so_far
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.changes import lock_in_order
from textmanager.runs.pipeline.due import WAITING
from textmanager.runs.shown_state import PAUSED_BY
from textmanager.text.statuses import MessageStatus

# True, and of use, for as long as the run is held: also once its sender is in use again.
WAS_OUT_OF_USE = (
    "“{sender}” was taken out of use. Once campaigns may send from it again (Settings, Twilio and "
    "senders), resume this run; or cancel it and choose another sender for the campaign."
)
IF_OUT_OF_USE = (
    "Let them (Settings, Twilio and senders) and resume this run, or cancel it and choose another "
    "sender for the campaign."
)


@transaction.atomic
def hold_run(
    *, run_id: uuid.UUID | str, reason: str, waits_for_imis_since: dt.datetime | None = None
) -> bool:
    """Stops a run that is preparing or sending until somebody lets it go on.

    With `waits_for_imis_since` it also goes on by itself once iMIS works again. Mails the people
    of the status report. False when the run is not going on (any more).
    """
    run = Run.objects.select_for_update(no_key=True, of=("self",)).get(pk=run_id)
    if run.state not in {RunState.PREPARING, RunState.SENDING}:
        return False
    run.state, run.reason = RunState.HELD, reason
    run.waits_for_imis_since = waits_for_imis_since
    run.save(update_fields=["state", "reason", "waits_for_imis_since"])
    audit.record(
        organization=run.organization,
        actor=None,
        action="held",
        subject=run,
        after={"reason": reason},
    )
    transaction.on_commit(lambda: notices.run_held(run))
    return True


def hold_runs_of(sender_id: int) -> None:
    """Stops what is being sent from a sender, if staff have taken it out of use."""
    sender = sender_with_organization(sender_id)
    if sender.is_active:
        return
    sending = Run.objects.filter(sender_id=sender_id, state=RunState.SENDING)
    for run_id in sending.order_by("pk").values_list("pk", flat=True):
        hold_run(run_id=run_id, reason=WAS_OUT_OF_USE.format(sender=sender.name))


@transaction.atomic
def pause_run(*, organization: Organization, run_id: uuid.UUID, actor: User) -> Run:
    """Nothing more leaves within two seconds. Raises NotPossible, Run.DoesNotExist."""
    run = _locked(organization, run_id)
    if run.state not in {RunState.PREPARING, RunState.SENDING}:
        raise NotPossible("Only a run that is going on can be paused.")
    run.state = RunState.HELD
    when = in_zone(timezone.now(), organization.time_zone)
    run.reason = f"{PAUSED_BY}{actor.get_username()} on {when}."
    run.save(update_fields=["state", "reason"])
    audit.record(organization=organization, actor=actor, action="paused", subject=run)
    return run


@transaction.atomic
def pause_campaign(*, organization: Organization, campaign_id: int, actor: User) -> tuple[str, int]:
    """Pauses a campaign and its runs that are going on: who presses this wants nothing to leave.

    Its name, and how many runs were paused with it; those go on only when somebody lets each.
    Raises NotPossible, Campaign.DoesNotExist.
    """
    campaign = lifecycle.pause_campaign(
        organization=organization, campaign_id=campaign_id, actor=actor
    )
    # All locked first: one may end just now, and one that waits for iMIS may be about to go on.
    runs = Run.objects.select_for_update(no_key=True, of=("self",)).filter(
        campaign=campaign, state__in=RunState.open()
    )
    paused = [
        pause_run(organization=organization, run_id=run.pk, actor=actor)
        for run in runs.order_by("pk")
        if run.state != RunState.HELD
    ]
    return campaign.name, len(paused)


@transaction.atomic
def resume_run(*, organization: Organization, run_id: uuid.UUID, actor: User) -> Run:
    """Lets a held or paused run go on where it stopped. Raises NotPossible, Run.DoesNotExist."""
    run = _locked(organization, run_id)
    if refusal := why_not_resume(run):
        raise NotPossible(refusal)
    let_go_on(run, actor=actor)
    return run


def why_not_resume(run: Run) -> str:
    """Why nobody can let it go on, in words for staff; empty when somebody can."""
    if run.state != RunState.HELD:
        return "Only a run that is held or paused can go on."
    if run.waits_for_approval:
        return "This run waits until a second person approves it."
    if why := why_out_of_use(run.sender):
        return f"{why} {IF_OUT_OF_USE}"
    return ""


def let_go_on(run: Run, *, actor: User | None) -> None:
    """Takes a held run, whose row is locked, up again where it stopped; no actor: by itself."""
    run.state = RunState.SENDING if run.prepared_at else RunState.PREPARING
    run.reason, run.waits_for_imis_since = "", None
    so_far = outcomes_so_far(run)
    run.outcomes_looked_at, run.failures_looked_at = so_far.known, so_far.failed
    if run.prepared_at:
        run.resumed_at, run.done_when_resumed = timezone.now(), done_of(counts_by_status(run))
    run.save(
        update_fields=[
            "state",
            "reason",
            "waits_for_imis_since",
            "outcomes_looked_at",
            "failures_looked_at",
            "resumed_at",
            "done_when_resumed",
        ],
    )
    audit.record(organization=run.organization, actor=actor, action="resumed", subject=run)


@transaction.atomic
def cancel_run(*, organization: Organization, run_id: uuid.UUID, actor: User) -> Run:
    """Ends a run for good; what has not been handed to Twilio by now will not be.

    Raises NotPossible, Run.DoesNotExist.
    """
    run = _locked(organization, run_id)
    if refusal := why_not_cancel(run):
        raise NotPossible(refusal)
    now = timezone.now()
    run.state, run.completed_at = RunState.CANCELED, now
    run.reason = f"Canceled by {actor.get_username()}."
    run.save(update_fields=["state", "reason", "completed_at"])
    waiting = Message.objects.filter(run=run, status__in=WAITING)
    lock_in_order(waiting)
    waiting.update(status=MessageStatus.CANCELED, reason="run_canceled", settled_at=now)
    audit.record(organization=organization, actor=actor, action="canceled", subject=run)
    return run


def why_not_cancel(run: Run) -> str:
    """Why it cannot be canceled, in words for staff; empty when it can."""
    return "" if run.state in RunState.open() else "This run has ended already."


def _locked(organization: Organization, run_id: uuid.UUID) -> Run:
    """The run, locked until the transaction ends; NO KEY, here and wherever a run is locked.

    Messages and tallies refer to it. Who writes one while we wait for its message must not wait
    for us.
    """
    return Run.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=run_id, organization=organization
    )
