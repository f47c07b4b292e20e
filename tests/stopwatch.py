"""Times that hold on a busy machine too."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds. The promise is 5 ms; a machine that runs tests beside, traced, is several times slower.
AT_ONCE = 0.05


def best_of_three(work: Callable[[], object]) -> float:
    """The shortest of three tries, in seconds: what the work takes, not what disturbs it."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)
