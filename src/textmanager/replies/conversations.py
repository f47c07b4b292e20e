"""Conversations: as whom a number is known, and what staff do with what it wrote."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.replies.models import Conversation, InboundText, OptOut, OptOutSource
from textmanager.replies.opt_outs import opted_out_among, record_opt_out
from textmanager.runs.history import texts_to
from textmanager.text.keywords import looks_like_opt_out

# As far back as somebody is looked for who asked for no more texts.
MOST_LOOKED_AT = 100


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


def find_conversation(organization: Organization, conversation_id: int) -> Conversation | None:
    """One of the organization's, with whether its number has opted out by now."""
    opted_out = OptOut.objects.filter(
        organization=organization, number=OuterRef("number"), cleared_at=None
    )
    found = (
        Conversation.objects.select_related("organization", "assigned_to")
        .filter(pk=conversation_id, organization=organization)
        .annotate(in_register=Exists(opted_out))
        .first()
    )
    if found is not None:
        found.opted_out = found.in_register
    return found


def conversation_of(organization: Organization, number: str) -> Conversation | None:
    """The conversation with a number, if there is one."""
    return Conversation.objects.filter(organization=organization, number=number).first()


def unread_conversations(organization: Organization) -> QuerySet[Conversation]:
    """Those with something that nobody has read."""
    return Conversation.objects.filter(organization=organization, unread__gt=0)


def latest_inbound(conversation: Conversation) -> InboundText | None:
    return conversation.inbound_texts.order_by("-received_at").first()


def mark_read(conversation: Conversation) -> None:
    """Before its texts are read from the database: one that comes meanwhile stays unread."""
    if conversation.unread:
        Conversation.objects.filter(pk=conversation.pk).update(unread=0)


@transaction.atomic
def set_open(conversation: Conversation, *, is_open: bool, actor: User) -> bool:
    """Closes a conversation, or opens it again. A new text opens it by itself.

    False for one that is not closed because a text has come that nobody has read.
    """
    there = Conversation.objects.filter(pk=conversation.pk)
    if not is_open:
        there = there.filter(unread=0)
    if not there.update(is_open=is_open, unread=0):
        return False
    _tell(conversation, actor, "opened" if is_open else "closed")
    return True


@transaction.atomic
def assign(conversation: Conversation, *, to: User | None, actor: User) -> None:
    """Makes a conversation somebody's; None makes it nobody's."""
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=to)
    _tell(conversation, actor, "assigned", to=to.get_username() if to else "")


@transaction.atomic
def decide_wish(conversation: Conversation, *, opts_out: bool, actor: User) -> bool:
    """A person's word on whether free wording asked for no more texts.

    A text that nobody has read may ask again: with one, only an opt-out is decided. False for what
    is left undecided so.
    """
    there = Conversation.objects.filter(pk=conversation.pk)
    if not opts_out:
        there = there.filter(unread=0)
    if not there.update(asks_to_stop=False):
        return False
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
    return True


@transaction.atomic
def suggest_opt_out(organization_id: int, number: str, words: str) -> bool:
    """Puts a person before staff who may have opted out elsewhere; they decide.

    False when the number is in the register already, or waits for a decision.
    """
    if opted_out_among(organization_id, [number]):
        return False
    conversation = conversation_with(organization_id, number)
    if conversation.asks_to_stop:
        return False
    conversation.asks_to_stop = conversation.is_open = True
    conversation.last_text_at, conversation.last_words = timezone.now(), words[:160]
    conversation.save()
    return True


def _text_that_asked(conversation: Conversation) -> InboundText | None:
    """The latest text that may have asked for no more: others may have come after it."""
    texts = conversation.inbound_texts.order_by("-received_at")[:MOST_LOOKED_AT]
    return next((text for text in texts if looks_like_opt_out(text.body)), None)


def _tell(conversation: Conversation, actor: User, action: str, **after: str) -> None:
    audit.record(
        organization=conversation.organization,
        actor=actor,
        action=action,
        subject=conversation,
        after=dict(after),
    )
