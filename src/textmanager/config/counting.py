"""Counts of several tables in one query, for what every page has to know."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Count, QuerySet, Value


def counted_together(**counts: QuerySet[Any, Any]) -> dict[str, int]:
    """How many rows each queryset has, by the names given; at least two querysets."""
    first, *others = (
        rows.order_by().values(question=Value(name, CharField())).annotate(number=Count("pk"))
        for name, rows in counts.items()
    )
    found = first.union(*others, all=True)
    # A table without such a row answers nothing.
    return dict.fromkeys(counts, 0) | {row["question"]: row["number"] for row in found}
