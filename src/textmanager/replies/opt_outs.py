"""The register of numbers that must not be texted."""

from __future__ import annotations

from collections.abc import Collection

from django.utils import timezone

from textmanager.replies.models import OptOut, OptOutSource


def opted_out_among(organization_id: int, numbers: Collection[str]) -> frozenset[str]:
    """Those of `numbers` (E.164) that this organization must not text, as of now."""
    found = OptOut.objects.filter(
        organization_id=organization_id, number__in=numbers, cleared_at=None
    )
    return frozenset(found.values_list("number", flat=True))


def record_opt_out(
    *, organization_id: int, number: str, source: OptOutSource, evidence: str = ""
) -> bool:
    """Enters a number, in effect at once for every campaign; False if it is entered already."""
    _, is_new = OptOut.objects.get_or_create(
        organization_id=organization_id,
        number=number,
        cleared_at=None,
        defaults={"source": source, "evidence": evidence[:200]},
    )
    return is_new


def clear_opt_out(*, organization_id: int, number: str, because: str) -> bool:
    """Lets a number be texted again; the entry stays as history. False if there was none."""
    cleared = OptOut.objects.filter(
        organization_id=organization_id, number=number, cleared_at=None
    ).update(cleared_at=timezone.now(), cleared_because=because[:200])
    return cleared > 0
