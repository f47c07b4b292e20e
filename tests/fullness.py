"""Fills an organization: so many rows in every list that a page shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import world
from textmanager.campaigns.models import (
    AudienceCount,
    Campaign,
    CampaignKind,
    CampaignState,
    CountState,
)
from textmanager.organizations.models import (
    AuditEvent,
    Invitation,
    Membership,
    Organization,
    Role,
    Sender,
    User,
)
from textmanager.replies.models import (
    Answer,
    Conversation,
    InboundText,
    OptOut,
    OptOutImport,
    OptOutSource,
)
from textmanager.runs.models import Message, Receipt, ReportMail, Run, RunState, WriteBack
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WORDS = "Secret gathering"
REASON = "number:too_short"
# Each kind of message that a page shows in a way of its own.
KINDS = (
    {"status": MessageStatus.DELIVERED, "sent_at": NOW, "settled_at": NOW},
    {"status": MessageStatus.UNDELIVERED, "error_code": 30003, "settled_at": NOW},
    {"status": MessageStatus.FAILED, "error_code": 30007, "settled_at": NOW},
    {"status": MessageStatus.SKIPPED, "reason": "opted_out", "settled_at": NOW},
    {"status": MessageStatus.ERROR, "reason": "number:too_short", "settled_at": NOW},
    {"status": MessageStatus.HELD, "reason": "quiet_hours"},
    {"status": MessageStatus.QUEUED},
    {
        "status": MessageStatus.DELIVERED,
        "write_back": WriteBack.FAILED,
        "write_back_error": "iMIS has no such member.",
    },
    {"status": MessageStatus.UNCONFIRMED},
    {"status": MessageStatus.CANCELED, "settled_at": NOW},
)
STATES = (RunState.SENDING, RunState.COMPLETED, RunState.HELD, RunState.MISSED)


@dataclass(frozen=True)
class Full:
    """What a page of one thing can be about."""

    organization: Organization
    sender: Sender
    campaign: Campaign
    idle: Campaign
    run: Run
    held: Run
    ended: Run
    report: ReportMail
    conversation: Conversation
    opt_out: OptOut
    member: User
    membership: Membership
    invitation: Invitation
    opt_out_import: OptOutImport
    count: AudienceCount
    test_text: Answer


def begin(organization: Organization) -> Full:
    """One of everything."""
    sender = world.sender(organization)
    campaign = world.campaign(organization, by=sender, name=WORDS, next_run_at=NOW + HOUR)
    idle = world.campaign(
        organization, by=sender, name=WORDS, state=CampaignState.PAUSED, next_run_at=NOW + HOUR
    )
    run = world.run(campaign)
    held = world.run(campaign, scheduled_for=NOW + HOUR, state=RunState.HELD, reason=WORDS)
    ended = world.run(
        campaign, scheduled_for=NOW + 2 * HOUR, state=RunState.COMPLETED, completed_at=NOW
    )
    number = "+12025550177"
    conversation = Conversation.objects.create(
        organization=organization, number=number, last_words=WORDS, is_open=True, unread=1
    )
    opt_out = OptOut.objects.create(
        organization=organization, number=number, source=OptOutSource.STAFF, evidence=WORDS
    )
    member = world.person("dana", organization, Role.AUTHOR)
    test_text = Answer.objects.create(
        organization=organization,
        conversation=conversation,
        sender=sender,
        body=WORDS,
        segments=1,
        author=member,
    )
    return Full(
        organization=organization,
        sender=sender,
        campaign=campaign,
        idle=idle,
        run=run,
        held=held,
        ended=ended,
        report=ReportMail.objects.create(
            run=ended, to=["office@example.org"], subject=WORDS, text=WORDS, html=WORDS
        ),
        conversation=conversation,
        opt_out=opt_out,
        member=member,
        membership=member.memberships.get(),
        invitation=Invitation.objects.create(
            organization=organization, email="erin@example.org", role=Role.AUTHOR
        ),
        opt_out_import=OptOutImport.objects.create(
            organization=organization, started_by=member, file_name=WORDS, total=1
        ),
        count=AudienceCount.objects.create(
            organization=organization,
            form_key="form",
            digest="digest",
            question={},
            state=CountState.DONE,
            total=100,
            figures={"excluded": {REASON: 0}},
            left_out={REASON: []},
        ),
        test_text=test_text,
    )


def grow(full: Full, rows: range) -> None:
    """Adds a row for each number, to every list and to what is inside each thing."""
    _campaigns(full, rows)
    _runs(full, rows)
    _receipts(full, rows)
    _conversations(full, rows)
    _opt_outs(full, rows)
    _trail(full, rows)
    full.count.left_out[REASON] += [[number, f"M{number}", WORDS] for number in rows]
    full.count.figures["excluded"][REASON] = rows.stop
    full.count.save()
    people = User.objects.bulk_create(
        User(username=f"person{number}", email=f"{number}@example.org") for number in rows
    )
    Membership.objects.bulk_create(
        Membership(organization=full.organization, user=person, role=Role.VIEWER)
        for person in people
    )


def _trail(full: Full, rows: range) -> None:
    """What has been done, and who is invited."""
    AuditEvent.objects.bulk_create(
        AuditEvent(
            organization=full.organization,
            actor=full.member,
            actor_name="dana",
            action="edited",
            subject_kind="campaign",
            subject_id=str(full.campaign.pk),
            subject_name=WORDS,
            before={"name": "Before"},
            after={"name": WORDS},
        )
        for _ in rows
    )
    Invitation.objects.bulk_create(
        Invitation(
            organization=full.organization,
            email=f"invited{number}@example.org",
            role=Role.VIEWER,
            invited_by=full.member,
        )
        for number in rows
    )


def _campaigns(full: Full, rows: range) -> None:
    """Of each kind one, with a run of its own and a message in it."""
    made = Campaign.objects.bulk_create(
        world.a_campaign(
            full.organization,
            by=full.sender,
            name=f"{WORDS} {kind} {number}",
            kind=kind,
            state=state,
            rrule=rule,
            next_run_at=NOW + number * HOUR,
        )
        for number in rows
        for kind, state, rule in (
            (CampaignKind.RECURRING, CampaignState.ACTIVE, "FREQ=DAILY"),
            (CampaignKind.ONE_TIME, CampaignState.SCHEDULED, ""),
        )
    )
    runs = Run.objects.bulk_create(
        world.a_run(each, scheduled_for=NOW - place * HOUR, state=STATES[place % 4], reason=WORDS)
        for place, each in enumerate(made)
    )
    Message.objects.bulk_create(
        world.a_message(run, place, **KINDS[place % len(KINDS)]) for place, run in enumerate(runs)
    )


def _runs(full: Full, rows: range) -> None:
    """More runs of the campaign in view, and more messages in the run in view."""
    Run.objects.bulk_create(
        world.a_run(
            full.campaign,
            scheduled_for=NOW - (number + 1) * HOUR,
            state=STATES[number % 4],
            reason=WORDS,
        )
        for number in rows
    )
    Message.objects.bulk_create(
        world.a_message(run, number, **KINDS[number % len(KINDS)])
        for run in (full.run, full.ended)
        for number in rows
    )


def _receipts(full: Full, rows: range) -> None:
    """All of them about the first message of the run in view."""
    Receipt.objects.bulk_create(
        Receipt(
            organization=full.organization,
            run_id=full.run.pk,
            number=0,
            sid=f"SM{number:032x}",
            twilio_status="sent",
            raw={"MessageStatus": "sent"},
            received_at=NOW,
        )
        for number in rows
    )


def _conversations(full: Full, rows: range) -> None:
    """So many more of them, and so many more texts both ways in the one in view."""
    made = Conversation.objects.bulk_create(
        Conversation(
            organization=full.organization,
            number=f"+12025551{number:03d}",
            last_words=WORDS,
            is_open=True,
            unread=number % 2,
            asks_to_stop=number % 3 == 0,
            assigned_to=full.member if number % 2 else None,
            last_text_at=NOW - number * HOUR,
        )
        for number in rows
    )
    texted = [*made, *(full.conversation for _ in rows)]
    InboundText.objects.bulk_create(
        InboundText(
            organization=full.organization,
            conversation=each,
            sid=f"SM{rows.start}-{place}",
            from_number=each.number,
            to="555010",
            body=WORDS,
        )
        for place, each in enumerate(texted)
    )
    Answer.objects.bulk_create(
        Answer(
            organization=full.organization,
            conversation=each,
            sender=full.sender,
            body=WORDS,
            segments=1,
            author=full.member,
            status=MessageStatus.ACCEPTED,
        )
        for each in texted
    )


def _opt_outs(full: Full, rows: range) -> None:
    """So many more numbers, and so many more stories of the number in view."""
    ours = {"organization": full.organization, "evidence": WORDS}
    OptOut.objects.bulk_create(
        OptOut(
            number=f"+12025552{number:03d}",
            source=OptOutSource.STAFF,
            created_by=full.member,
            **ours,
        )
        for number in rows
    )
    OptOut.objects.bulk_create(
        OptOut(
            number=full.opt_out.number,
            source=OptOutSource.REPLY,
            cleared_at=NOW,
            cleared_by=full.member,
            **ours,
        )
        for _ in rows
    )
