"""The register of numbers that must not be texted."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils import timezone

from textmanager.organizations.models import User
from textmanager.replies.models import OptOut, OptOutSource


def opted_out_among(organization_id: int, numbers: Collection[str]) -> frozenset[str]:
    """Those of `numbers` (E.164) that this organization must not text, as of now."""
    with connection.cursor() as cursor:
        cursor.execute(_OPTED_OUT, {"organization": organization_id, "numbers": list(numbers)})
        return frozenset(number for (number,) in cursor)


# One array instead of a parameter a number: this is asked before every batch of texts.
_OPTED_OUT = """
SELECT number FROM replies_optout
WHERE organization_id = %(organization)s AND cleared_at IS NULL AND number = ANY(%(numbers)s)
"""


def record_opt_out(
    *,
    organization_id: int,
    number: str,
    source: OptOutSource,
    evidence: str = "",
    sender_address: str = "",
    by: User | None = None,
) -> bool:
    """Enters a number, in effect at once for every campaign; False if it is entered already.

    `sender_address` is the number or service of ours that was told.
    """
    _, is_new = OptOut.objects.get_or_create(
        organization_id=organization_id,
        number=number,
        cleared_at=None,
        defaults={
            "source": source,
            "evidence": evidence[:200],
            "sender_address": sender_address[:34],
            "created_by": by,
        },
    )
    return is_new


def clear_opt_out(
    *, organization_id: int, number: str, because: str, by: User | None = None
) -> bool:
    """Lets a number be texted again; the entry stays as history. False if there was none."""
    cleared = OptOut.objects.filter(
        organization_id=organization_id, number=number, cleared_at=None
    ).update(cleared_at=timezone.now(), cleared_because=because[:200], cleared_by=by)
    return cleared > 0
