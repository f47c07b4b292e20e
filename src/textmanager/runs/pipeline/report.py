"""Step 7, report: mails the status report of a settled run, with every message as CSV."""

from __future__ import annotations

import csv
import io
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from procrastinate.retry import RetryStrategy

from textmanager.campaigns.reasons import explain_reason
from textmanager.config.bridge import in_database
from textmanager.config.jobs import jobs
from textmanager.config.spreadsheet import safe_cell
from textmanager.runs.breakdown import breakdown
from textmanager.runs.models import Message, Run
from textmanager.runs.notices import run_address
from textmanager.text.error_codes import explain
from textmanager.text.statuses import MessageStatus, staff_name

EXAMPLES = 5
WITHOUT_SUCCESS = (
    MessageStatus.FAILED,
    MessageStatus.UNDELIVERED,
    MessageStatus.ERROR,
    MessageStatus.UNCONFIRMED,
    MessageStatus.SKIPPED,
)


@dataclass(frozen=True)
class FailureGroup:
    """People who got no text for the same reason. Unpacks as the report's templates read it."""

    meaning: str
    what_to_do: str
    count: int
    examples: list[str]


@jobs.task(
    name="report",
    # Four days of tries: a mail server's weekend.
    retry=RetryStrategy(max_attempts=35, wait=60, linear_wait=600),
)
async def report(run_id: str) -> None:
    """Mails the report once. Whatever keeps it from going out, it is tried again."""
    await in_database(send_report, uuid.UUID(run_id))


def send_report(run_id: uuid.UUID) -> None:
    """Raises what the mail backend raises when the mail cannot be handed over."""
    run = (
        Run.objects.select_related("organization")
        .filter(pk=run_id, settled_at__isnull=False, report_sent_at=None)
        .first()
    )
    if run is None or not run.report_emails:
        return
    report_mail(run).send()
    Run.objects.filter(pk=run_id).update(report_sent_at=timezone.now())


def report_mail(run: Run) -> EmailMultiAlternatives:
    """The report as it goes out: plain text, HTML and the CSV."""
    context = {
        "run": run,
        "organization": run.organization,
        "breakdown": breakdown(run),
        "failures": failures(run),
        "run_url": run_address(run),
    }
    mail = EmailMultiAlternatives(
        subject=f"Status report: {run.campaign_name}",
        body=render_to_string("runs/report_mail.txt", context),
        to=run.report_emails,
    )
    mail.attach_alternative(render_to_string("runs/report_mail.html", context), "text/html")
    mail.attach(f"messages-{run.scheduled_for:%Y-%m-%d}.csv", messages_as_csv(run), "text/csv")
    return mail


def failures(run: Run) -> list[FailureGroup]:
    """Why people got no text, the commonest reason first, with a few of their iMIS IDs."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    messages = Message.objects.filter(run=run, status__in=WITHOUT_SUCCESS).only(
        "reason", "error_code", "error_text", "imis_id", "status"
    )
    for message in messages.iterator(chunk_size=2000):
        groups[why(message)].append(message.imis_id or f"row {message.number + 1}")
    return [
        FailureGroup(meaning, what_to_do, len(ids), ids[:EXAMPLES])
        for (meaning, what_to_do), ids in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def why(message: Message) -> tuple[str, str]:
    """Why a message is not delivered (yet), and what can be done; empty when all is well."""
    if message.error_code is not None:
        explanation = explain(message.error_code, message.error_text)
        return explanation.meaning, explanation.what_to_do
    if message.reason:
        reason = explain_reason(message.reason)
        return reason.words, reason.what_to_do
    return "", ""


def messages_as_csv(run: Run) -> str:
    """Every message of the run, one a line, with times in the organization's zone."""
    zone = run.organization.zone
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "iMIS ID",
            "Number",
            "Status",
            "Why",
            "Error code",
            "Segments",
            f"Sent ({run.organization.time_zone})",
            "Message SID",
            "Text",
        ]
    )
    for message in Message.objects.filter(run=run).order_by("number").iterator(chunk_size=2000):
        sent = message.sent_at.astimezone(zone).isoformat(" ", "seconds") if message.sent_at else ""
        writer.writerow(
            [
                safe_cell(message.imis_id),
                safe_cell(message.to or message.raw_phone),
                staff_name(MessageStatus(message.status)),
                safe_cell(why(message)[0]),
                message.error_code or "",
                message.segments,
                sent,
                message.sid,
                safe_cell(message.body),
            ]
        )
    return out.getvalue()
