"""Sends a campaign's text to one number, for whoever writes it to see it on a phone.

It goes the way of an answer: checked, counted against the allowance, sent at most once.
"""

from __future__ import annotations

import uuid

from django.db import transaction

from textmanager.organizations import audit
from textmanager.organizations.models import Organization, Sender, User
from textmanager.replies.answering import NotAnswered, write_answer
from textmanager.replies.models import Answer, Conversation
from textmanager.text.phones import Invalid, parse_recipient

# So that nobody takes it for the campaign itself.
MARK = "[Test] "


@transaction.atomic
def send_trial_text(
    *,
    organization: Organization,
    number: str,
    body: str,
    sender: Sender,
    author: User,
    form_id: uuid.UUID,
) -> Answer:
    """Lets a worker send one real text, marked as a test. Raises NotAnswered with the reason.

    The same `form_id` twice is one text.
    """
    recipient = parse_recipient(number, organization.region)
    if isinstance(recipient, Invalid):
        raise NotAnswered(f"“{number}” is not a mobile number that can be texted.")
    conversation, _ = Conversation.objects.get_or_create(
        organization=organization, number=recipient.e164
    )
    is_known = Answer.objects.filter(pk=form_id).exists()
    answer = write_answer(
        conversation, body=MARK + body, author=author, form_id=form_id, sender=sender
    )
    if not is_known:
        audit.record(
            organization=organization,
            actor=author,
            action="sent a test text",
            subject=answer,
            after={"to": recipient.e164, "segments": answer.segments},
        )
    return answer


def trial_text(organization: Organization, text_id: uuid.UUID) -> Answer:
    """How a test text fares. Raises Answer.DoesNotExist."""
    return Answer.objects.select_related("conversation").get(pk=text_id, organization=organization)
