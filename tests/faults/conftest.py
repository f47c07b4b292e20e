"""An installation with a PostgreSQL of its own, which may be killed, and two workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from faults.victims import Kept, Victims
from house import House
from house import house as open_house
from processes import HASTY
from textmanager.config import database


@pytest.fixture
def victims(transactional_db: None, tmp_path: Path) -> Iterator[Victims]:
    with (
        _own_postgres() as (postgres, url),
        open_house(tmp_path, nullcontext(url), program=HASTY) as house,
    ):
        web = Kept(lambda: house.started.start(*house.serve, program=HASTY), house.serving)
        workers = [_worker(house) for _ in range(2)]
        try:
            yield Victims(house, postgres, web, workers)
        finally:
            for kept in (web, *workers):
                kept.let_go()


def _worker(house: House) -> Kept:
    def start() -> Popen[bytes]:
        return house.started.start("worker", program=HASTY)

    return Kept(start, start())


@contextmanager
def _own_postgres() -> Iterator[tuple[Any, str]]:
    """Not in the test's own folder: the path of its socket would become too long."""
    with tempfile.TemporaryDirectory(prefix="tm-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 # PostgreSQL runs as a user of its own under root
        place = Path(folder) / "pg"
        url = database.start_embedded(place, "faults")
        server = database._server(place)  # to start it again is of use here alone
        try:
            yield server, url
        finally:
            server.cleanup()
