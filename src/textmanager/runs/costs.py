"""What a run has cost, as Twilio billed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from textmanager.runs.models import Run, RunTally
from textmanager.runs.pipeline.due import SENT


@dataclass(frozen=True)
class RunCost:
    """`amount` is what Twilio has billed so far, in `unit` (ISO 4127); None before the first price.

    `priced` of the `texts` that left for a carrier have their price: the amount is final once
    both are the same. Prices come minutes to hours after the text, surcharges included.
    """

    amount: Decimal | None
    unit: str
    priced: int
    texts: int

    @property
    def is_whole(self) -> bool:
        return self.priced >= self.texts


def cost_by(run: Run, counts: Mapping[str, int]) -> RunCost:
    """The same from messages by status that were read already."""
    texts = sum(counts.get(status, 0) for status in SENT)
    return RunCost(run.billed_amount, run.billed_unit, run.billed_texts, texts)


def cost_of(run: Run) -> RunCost:
    """Read from the run's own row and its tallies; no message is looked at. One query."""
    tallies = RunTally.objects.filter(run=run, status__in=SENT)
    texts = sum(tallies.values_list("messages", flat=True))
    return RunCost(run.billed_amount, run.billed_unit, run.billed_texts, texts)
