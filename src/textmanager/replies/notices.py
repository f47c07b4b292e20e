"""Mails new replies to those who want to know."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.config.retries import FOR_MAIL, tried_again
from textmanager.organizations.founding import organization_with_id
from textmanager.organizations.mailing import subject_line
from textmanager.replies.models import InboundText

# A mail names this many; the inbox has them all.
MOST_NAMED = 20
MOST_AT_ONCE = 5_000
# As long as a mail is tried, and some more.
NEWS_FOR = dt.timedelta(days=7)


def tell_of_replies(organization_id: int) -> None:
    """Lets a worker mail what is new. Texts that come together share a mail."""
    name = _lock(organization_id)
    defer_once(mail_replies, queueing_lock=name, lock=name, organization_id=organization_id)


def _lock(organization_id: int) -> str:
    return f"mail-replies-{organization_id}"


@jobs.task(name="mail_replies")
async def mail_replies(organization_id: int, tries: int = 0) -> None:
    """Mails what is new. Whatever keeps it from going out, it is tried again."""
    async with tried_again(
        mail_replies,
        FOR_MAIL,
        tries=tries,
        name=_lock(organization_id),
        organization_id=organization_id,
    ):
        await in_database(mail_new_replies, organization_id)


def mail_new_replies(organization_id: int) -> int:
    """One mail with every reply nobody was told of; returns how many. Raises what mailing does."""
    organization = organization_with_id(organization_id)
    if not organization.reply_emails:
        return 0
    unmailed = InboundText.objects.filter(
        organization=organization,
        mailed_at=None,
        keyword="",
        conversation__isnull=False,
        # Whoever enters an address today is not mailed what was written before they cared.
        received_at__gte=timezone.now() - NEWS_FOR,
    )
    new = list(unmailed.order_by("received_at").values_list("pk", flat=True)[:MOST_AT_ONCE])
    if not new:
        return 0
    texts = InboundText.objects.filter(pk__in=new[:MOST_NAMED]).select_related("conversation")
    lines = [
        f"{text.from_number}{_as_whom(text)}, to {text.to}:\n{text.body}\n"
        for text in texts.order_by("received_at")
    ]
    if len(new) > MOST_NAMED:
        lines.append(f"… and {len(new) - MOST_NAMED} more.\n")
    count = f"{len(new)} new replies" if len(new) > 1 else "A new reply"
    send_mail(
        subject=subject_line(f"{count} to {organization.name}"),
        message="\n".join([*lines, f"Answer: {settings.PUBLIC_URL}{reverse('replies:inbox')}\n"]),
        from_email=None,
        recipient_list=organization.reply_emails,
    )
    InboundText.objects.filter(pk__in=new).update(mailed_at=timezone.now())
    return len(new)


def _as_whom(text: InboundText) -> str:
    imis_id = text.conversation.imis_id if text.conversation else ""
    return f" (iMIS ID {imis_id})" if imis_id else ""
