"""The runs of one campaign with their figures, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textmanager.campaigns.models import Campaign
from textmanager.config.typed import whole_number
from textmanager.runs.models import Run
from textmanager.runs.overview import RunRow, run_rows
from textmanager.text.statuses import STAFF_STATUSES, StaffStatus

A_PAGE = 25


@dataclass(frozen=True)
class RunLine:
    """A run, and its messages in each of the page's columns, in their order."""

    row: RunRow
    cells: list[tuple[StaffStatus, int]]


@dataclass(frozen=True)
class RunPage:
    """Some of a campaign's runs, the newest first, `number` of `pages` counted from 1.

    `columns` are the six names always, and ours where a run of the page has such a message.
    """

    lines: list[RunLine]
    columns: list[StaffStatus]
    total: int
    number: int
    pages: int


def run_page(campaign: Campaign, *, page: str) -> RunPage:
    """One page of runs in three queries, the figures read from the tallies."""
    runs = Run.objects.filter(campaign=campaign).order_by("-scheduled_for")
    total = runs.count()
    pages = max(1, -(-total // A_PAGE))
    number = min(whole_number(page) or 1, pages)
    shown = runs[(number - 1) * A_PAGE : number * A_PAGE]
    rows = run_rows(list(shown.prefetch_related("tallies")))
    columns = _columns(rows)
    return RunPage([_line(row, columns) for row in rows], columns, total, number, pages)


def _columns(rows: Sequence[RunRow]) -> list[StaffStatus]:
    used = {figure.key for row in rows for figure in row.figures if figure.messages}
    return [status for status in STAFF_STATUSES if status.is_always_shown or status.key in used]


def _line(row: RunRow, columns: Sequence[StaffStatus]) -> RunLine:
    messages = {figure.key: figure.messages for figure in row.figures}
    return RunLine(row, [(column, messages.get(column.key, 0)) for column in columns])
