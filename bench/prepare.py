"""How many recipients a second one process makes into queued messages.

    python -m bench.prepare [--rows 200000] [--seed 1]

Pages of 500 seeded rows go the way that the preparation of a run takes them, from the answer of
iMIS to the COPY into PostgreSQL, each page in its own transaction. What iMIS takes to answer is
left out: the pages are made beforehand, one at a time. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator

from bench.installation import installation, machine, ready_run
from bench.text import row

PAGE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    with installation():
        seconds, last = _prepare(options.rows, options.seed)
        found = _statuses()
    print(f"{options.rows:,} rows in {seconds:.1f} s: {found}")
    print(
        json.dumps(
            {
                "bench": "prepare",
                "machine": machine(),
                "seed": options.seed,
                "rows": options.rows,
                "recipients_per_second": round(options.rows / seconds),
                "recipients_per_second_in_the_last_tenth": round(options.rows / 10 / last),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


def _prepare(count: int, seed: int) -> tuple[float, float]:
    """Seconds for everything, and for the last tenth of it."""
    from django.utils import timezone  # noqa: PLC0415 - needs Django

    from textmanager.runs.models import Run  # noqa: PLC0415 - needs Django
    from textmanager.runs.pipeline.prepare import (  # noqa: PLC0415 - needs Django
        finish_preparation,
        store_page,
    )

    run = ready_run("http://127.0.0.1:9")
    Run.objects.update(state="preparing", prepared_at=None)
    spent = []
    offset = 0
    for page in _pages(count, seed):
        began = time.perf_counter()
        store_page(run_id=str(run.pk), offset=offset, rows=page, total=count)
        spent.append(time.perf_counter() - began)
        offset += len(page)
    began = time.perf_counter()
    finish_preparation(run_id=str(run.pk), now=timezone.now())
    spent[-1] += time.perf_counter() - began
    return sum(spent), sum(spent[-len(spent) // 10 :])


def _pages(count: int, seed: int) -> Iterator[list[dict[str, object]]]:
    dice = random.Random(seed)
    for first in range(0, count, PAGE):
        yield [row(dice, number) for number in range(first, min(first + PAGE, count))]


def _statuses() -> dict[str, int]:
    from textmanager.runs.models import Message  # noqa: PLC0415 - needs Django

    return dict(Counter(Message.objects.values_list("status", flat=True).iterator()))


if __name__ == "__main__":
    main()
