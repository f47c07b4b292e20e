"""Conversations: who wrote, what has been said in both directions, and what staff do with them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet

from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.replies.models import Answer, Conversation, InboundText, OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.history import texts_to
from textmanager.text.keywords import looks_like_opt_out
from textmanager.text.phones import Recipient, parse_recipient
from textmanager.text.statuses import MessageStatus, staff_name

A_PAGE = 30
# A person sees this much of what was said; more is in the runs.
MOST_ENTRIES = 100
FILTERS = {
    "open": "Open",
    "unread": "Unread",
    "mine": "Assigned to me",
    "stop": "May ask to stop",
    "closed": "Closed",
    "all": "All",
}


@dataclass(frozen=True)
class ConversationPage:
    conversations: list[Conversation]
    total: int
    number: int
    pages: int


@dataclass(frozen=True)
class Entry:
    """One text of a conversation. `about` says who sent it, or by which campaign."""

    is_theirs: bool
    body: str
    at: dt.datetime
    about: str
    status: str = ""
    problem: str = ""


def conversation_with(organization_id: int, number: str) -> Conversation:
    """The conversation with a number, locked until the transaction ends; made if there is none."""
    latest = texts_to(organization_id=organization_id, number=number, most=1)
    Conversation.objects.get_or_create(organization_id=organization_id, number=number)
    conversation = Conversation.objects.select_for_update(of=("self",)).get(
        organization_id=organization_id, number=number
    )
    if latest:
        conversation.imis_id = latest[0].imis_id
    return conversation


def unread_conversations(organization: Organization) -> QuerySet[Conversation]:
    """Those with something that nobody has read."""
    return Conversation.objects.filter(organization=organization, unread__gt=0)


def conversation_page(
    organization: Organization, user: User, *, which: str, query: str, page: str
) -> ConversationPage:
    """Conversations by one of FILTERS, the latest text first."""
    found = _filtered(Conversation.objects.filter(organization=organization), user, which)
    if query:
        found = found.filter(_matches(query, organization.region))
    total = found.count()
    pages = max(1, -(-total // A_PAGE))
    number = min(int(page) if page.isdecimal() and int(page) > 0 else 1, pages)
    shown = found.select_related("assigned_to").order_by("-last_text_at", "-id")
    return ConversationPage(
        list(shown[(number - 1) * A_PAGE : number * A_PAGE]), total, number, pages
    )


def entries_of(conversation: Conversation) -> list[Entry]:
    """What was said in both directions, the oldest first: at most the last hundred texts."""
    inbound = conversation.inbound_texts.order_by("-received_at")[:MOST_ENTRIES]
    answers = conversation.answers.select_related("author").order_by("-created_at")[:MOST_ENTRIES]
    texts = texts_to(
        organization_id=conversation.organization_id,
        number=conversation.number,
        most=MOST_ENTRIES,
    )
    entries = [
        *[Entry(True, text.body, text.received_at, conversation.number) for text in inbound],
        *[_answer_entry(answer) for answer in answers],
        *[
            Entry(False, text.body, text.at, text.campaign_name, staff_name(text.status))
            for text in texts
        ],
    ]
    return sorted(entries, key=lambda entry: entry.at)[-MOST_ENTRIES:]


def latest_inbound(conversation: Conversation) -> InboundText | None:
    return conversation.inbound_texts.order_by("-received_at").first()


def mark_read(conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(unread=0)


@transaction.atomic
def set_open(conversation: Conversation, *, is_open: bool, actor: User) -> None:
    """Closes a conversation, or opens it again. A new text opens it by itself."""
    Conversation.objects.filter(pk=conversation.pk).update(is_open=is_open, unread=0)
    _tell(conversation, actor, "opened" if is_open else "closed")


@transaction.atomic
def assign(conversation: Conversation, *, to: User | None, actor: User) -> None:
    """Makes a conversation somebody's; None makes it nobody's."""
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=to)
    _tell(conversation, actor, "assigned", to=to.get_username() if to else "")


@transaction.atomic
def decide_wish(conversation: Conversation, *, opts_out: bool, actor: User) -> None:
    """A person's word on whether free wording asked for no more texts."""
    Conversation.objects.filter(pk=conversation.pk).update(asks_to_stop=False)
    asking = _text_that_asked(conversation)
    if opts_out:
        record_opt_out(
            organization_id=conversation.organization_id,
            number=conversation.number,
            source=OptOutSource.STAFF,
            evidence=asking.body if asking else "",
            sender_address=asking.to if asking else "",
            by=actor,
        )
    _tell(conversation, actor, "opted out" if opts_out else "kept")


def _text_that_asked(conversation: Conversation) -> InboundText | None:
    """The latest text that may have asked for no more: others may have come after it."""
    texts = conversation.inbound_texts.order_by("-received_at")[:MOST_ENTRIES]
    return next((text for text in texts if looks_like_opt_out(text.body)), None)


@transaction.atomic
def set_reply_emails(organization: Organization, *, text: str, actor: User) -> None:
    """Who is mailed new replies; commas or blanks are between them. Raises ValidationError."""
    emails = [each for each in re.split(r"[\s,;]+", text) if each]
    for email in emails:
        try:
            validate_email(email)
        except ValidationError:
            raise ValidationError(f"{email} is not an e-mail address.") from None
    before, organization.reply_emails = organization.reply_emails, emails
    organization.save(update_fields=["reply_emails"])
    audit.record(
        organization=organization,
        actor=actor,
        action="changed reply mail",
        subject=organization,
        before={"reply_emails": before},
        after={"reply_emails": emails},
    )


def _answer_entry(answer: Answer) -> Entry:
    who = answer.author.get_username() if answer.author else "Staff"
    status = staff_name(MessageStatus(answer.status))
    return Entry(False, answer.body, answer.created_at, who, status, answer.why_not)


def _filtered(found: QuerySet[Conversation], user: User, which: str) -> QuerySet[Conversation]:
    match which:
        case "unread":
            return found.filter(unread__gt=0)
        case "mine":
            return found.filter(assigned_to=user, is_open=True)
        case "stop":
            return found.filter(asks_to_stop=True)
        case "closed":
            return found.filter(is_open=False)
        case "all":
            return found
        case _:
            return found.filter(is_open=True)


def _matches(query: str, region: str) -> Q:
    matches = Q(imis_id=query)
    recipient = parse_recipient(query, region)
    if isinstance(recipient, Recipient):
        return matches | Q(number=recipient.e164)
    digits = "".join(char for char in query if char.isdigit())
    return matches | Q(number__endswith=digits) if digits else matches


def _tell(conversation: Conversation, actor: User, action: str, **after: str) -> None:
    audit.record(
        organization=conversation.organization,
        actor=actor,
        action=action,
        subject=conversation,
        after=dict(after),
    )
