"""What answers have used of a day's allowance."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum

from textmanager.replies.models import Answer


def segments_answered(organization_id: int, day: dt.date, *, sender_id: int | None = None) -> int:
    """Segments of staff's answers on the organization's `day`."""
    answers = Answer.objects.filter(organization_id=organization_id, charged_day=day)
    if sender_id is not None:
        answers = answers.filter(sender_id=sender_id)
    return int(answers.aggregate(used=Sum("segments"))["used"] or 0)


def is_answer(sid: str) -> bool:
    """Whether a message at Twilio is an answer of ours."""
    return Answer.objects.filter(sid=sid).exists()
