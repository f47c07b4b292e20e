"""Reads an audience once more when its pages did not fit together, to see whether it is whole.

iMIS answers page by page, and nothing keeps the query still meanwhile: a member who joins moves
everybody behind by one place, and an IQA without a sort order may give each page from another
order. Either repeats somebody on one page and leaves somebody out on another.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from textmanager.campaigns.composition import cell_text
from textmanager.config.bridge import in_database
from textmanager.imis.client import ImisClient
from textmanager.imis.iqa import PromptAnswers
from textmanager.imis.pages import read_pages
from textmanager.runs.models import Message

Row = dict[str, object]

# More than join during one reading: then it is the order of the IQA.
MOST_MISSED = 25


@dataclass
class SecondReading:
    """`missed` are the rows of members whom the first reading has left out.

    `is_steady` is False when these pages did not fit together either.
    """

    missed: list[Row] = field(default_factory=list)
    is_steady: bool = True

    @property
    def is_to_be_trusted(self) -> bool:
        return not self.missed or (self.is_steady and len(self.missed) <= MOST_MISSED)


async def read_again(
    client: ImisClient, *, run_id: str, iqa_path: str, answers: PromptAnswers, id_column: str
) -> SecondReading:
    """Compares the whole audience with what the run has. Raises ImisError."""
    found = SecondReading()
    seen: set[str] = set()
    total: int | None = None
    pages = read_pages(client, iqa_path, answers=answers)
    async with aclosing(pages):
        async for page in pages:
            members = {cell_text(row.get(id_column)) for row in page.rows} - {""}
            if total not in {None, page.total} or members & seen:
                found.is_steady = False
            total = page.total
            seen |= members
            known = await in_database(members_of_run, run_id, sorted(members))
            for row in page.rows:
                member = cell_text(row.get(id_column))
                if member and member not in known:
                    known.add(member)
                    found.missed.append(row)
    return found


def members_of_run(run_id: str, imis_ids: Sequence[str]) -> set[str]:
    """Those of the members who are in the run, texted or not."""
    messages = Message.objects.filter(run_id=run_id, imis_id__in=imis_ids)
    return set(messages.values_list("imis_id", flat=True))
