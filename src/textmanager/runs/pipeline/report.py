"""Step 7, report: mails the status report of a settled run, with every message as CSV."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.config.retries import FOR_MAIL, tried_again
from textmanager.organizations import audit
from textmanager.organizations.mailing import subject_line
from textmanager.runs.breakdown import breakdown
from textmanager.runs.causes import causes_of
from textmanager.runs.costs import cost_of
from textmanager.runs.export import whole_csv
from textmanager.runs.figures import figures_of
from textmanager.runs.message_search import Sought, messages_after
from textmanager.runs.models import ReportMail, Run
from textmanager.runs.notices import run_address
from textmanager.text.statuses import MessageStatus

EXAMPLES = 5
# A mail server takes no file that is much larger; the page of the run has all of them.
MOST_ATTACHED = 50_000
WITHOUT_SUCCESS = (
    MessageStatus.FAILED,
    MessageStatus.UNDELIVERED,
    MessageStatus.ERROR,
    MessageStatus.UNCONFIRMED,
    MessageStatus.SKIPPED,
)


@dataclass(frozen=True)
class FailureGroup:
    """People who got no text for the same reason, with the iMIS IDs of the first few."""

    meaning: str
    what_to_do: str
    count: int
    examples: list[str]


@jobs.task(name="report")
async def report(run_id: str, tries: int = 0) -> None:
    """Mails the report once. Whatever keeps it from going out, it is tried again."""
    async with tried_again(report, FOR_MAIL, tries=tries, name=_lock(run_id), run_id=run_id):
        await in_database(send_report, uuid.UUID(run_id))


def defer_report(run_id: uuid.UUID) -> None:
    """Lets a worker mail the report, as part of the caller's transaction."""
    name = _lock(run_id)
    defer_once(report, queueing_lock=name, lock=name, run_id=str(run_id))


def _lock(run_id: uuid.UUID | str) -> str:
    return f"report-{run_id}"


def send_report(run_id: uuid.UUID) -> None:
    """Raises what the mail backend raises when the mail cannot be handed over."""
    run = (
        Run.objects.select_related("organization", "sender")
        .filter(pk=run_id, settled_at__isnull=False, report_sent_at=None)
        .first()
    )
    if run is None or not run.report_emails:
        return
    kept = composed_report(run, to=run.report_emails)
    as_mail(kept).send()
    with transaction.atomic():
        kept.sent_at = timezone.now()
        kept.save()
        Run.objects.filter(pk=run_id).update(report_sent_at=kept.sent_at)
        audit.record(
            organization=run.organization,
            actor=None,
            action="mailed report",
            subject=run,
            after={"words": f"to {', '.join(kept.to)}"},
        )


def composed_report(run: Run, *, to: Sequence[str]) -> ReportMail:
    """The report as it would be mailed now; not saved."""
    context = {
        "run": run,
        "organization": run.organization,
        "breakdown": breakdown(run),
        "failures": failures(run),
        "run_url": run_address(run),
        "cost": cost_of(run),
        "has_file": has_file(run),
    }
    return ReportMail(
        run=run,
        to=list(to),
        subject=subject_line(f"Status report: {run.campaign_name}"),
        text=render_to_string("runs/report_mail.txt", context),
        html=render_to_string("runs/report_mail.html", context),
    )


def as_mail(kept: ReportMail) -> EmailMultiAlternatives:
    """The mail of a report: plain text, HTML and, unless it would be too large, the CSV."""
    mail = EmailMultiAlternatives(subject=kept.subject, body=kept.text, to=kept.to)
    mail.attach_alternative(kept.html, "text/html")
    if has_file(kept.run):
        name = f"messages-{kept.run.scheduled_for:%Y-%m-%d}.csv"
        mail.attach(name, whole_csv(kept.run), "text/csv")
    return mail


def has_file(run: Run) -> bool:
    return run.next_offset <= MOST_ATTACHED


def failures(run: Run) -> list[FailureGroup]:
    """Why people got no text, the commonest reason first, with a few of their iMIS IDs."""
    groups: dict[tuple[str, str], list[tuple[int, MessageStatus, str]]] = defaultdict(list)
    for causes in causes_of(figures_of(run)).values():
        for one in causes:
            if one.status in WITHOUT_SUCCESS:
                groups[one.words, one.what_to_do].append((one.messages, one.status, one.cause))
    found = [
        FailureGroup(
            words,
            what_to_do,
            sum(messages for messages, _, _ in parts),
            _examples(run, [(status, cause) for _, status, cause in parts]),
        )
        for (words, what_to_do), parts in groups.items()
    ]
    return sorted(found, key=lambda group: -group.count)


def _examples(run: Run, parts: Sequence[tuple[MessageStatus, str]]) -> list[str]:
    wanted = Sought(tuple((status.value, (cause,)) for status, cause in parts))
    messages = messages_after(run, wanted, after=-1, most=EXAMPLES)
    return [message.imis_id or f"row {message.number + 1}" for message in messages]
