"""The inbox: which conversations there are, the latest text first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from textmanager.config.keyset import page_of
from textmanager.organizations.models import Organization, User
from textmanager.organizations.templatetags.times import relative
from textmanager.replies.models import Conversation
from textmanager.text.phones import Recipient, digits_in, parse_recipient

A_PAGE = 30
FILTERS = {
    "open": "Open",
    "unread": "Unread",
    "mine": "Assigned to me",
    "nobody": "Assigned to nobody",
    "stop": "May ask to stop",
    "closed": "Closed",
    "all": "All",
}


@dataclass(frozen=True)
class ConversationPage:
    """Some conversations. `older` is where the next page begins; empty at the end."""

    conversations: list[Conversation]
    total: int
    older: str

    @property
    def version(self) -> str:
        """Changes when anything that the page shows of them does."""
        shown = [
            (
                each.pk,
                each.last_text_at,
                relative(each.last_text_at),
                each.unread,
                each.is_open,
                each.asks_to_stop,
                each.assigned_to_id,
                each.imis_id,
            )
            for each in self.conversations
        ]
        return hashlib.sha256(repr((self.total, shown)).encode()).hexdigest()[:16]


def conversation_page(
    organization: Organization, user: User, *, which: str, query: str, before: str = ""
) -> ConversationPage:
    """Conversations by one of FILTERS, from the place `before` on, which an earlier page gave."""
    found = _filtered(Conversation.objects.filter(organization=organization), user, which)
    if query:
        found = found.filter(_matches(query, organization.region))
    total = found.count()
    rows = found.select_related("assigned_to")
    shown, older = page_of(rows, by="last_text_at", before=before, most=A_PAGE)
    return ConversationPage(shown, total, older)


# What each filter asks for; "mine" besides for who looks.
_WANTED: dict[str, dict[str, object]] = {
    "unread": {"unread__gt": 0},
    "mine": {"is_open": True},
    "nobody": {"is_open": True, "assigned_to": None},
    "stop": {"asks_to_stop": True},
    "closed": {"is_open": False},
    "all": {},
}


def _filtered(found: QuerySet[Conversation], user: User, which: str) -> QuerySet[Conversation]:
    wanted = found.filter(**_WANTED.get(which, {"is_open": True}))
    return wanted.filter(assigned_to=user) if which == "mine" else wanted


def _matches(query: str, region: str) -> Q:
    matches = Q(imis_id=query)
    recipient = parse_recipient(query, region)
    if isinstance(recipient, Recipient):
        return matches | Q(number=recipient.e164)
    digits = digits_in(query)
    return matches | Q(number__endswith=digits) if digits else matches
