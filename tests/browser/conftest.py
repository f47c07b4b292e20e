"""One installation for all journeys, with an organization of its own for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import chromium
from house import House
from house import house as open_house
from processes import migrated_database
from staff import Staff

HERE = Path(__file__).parent
FOUNDING = str(HERE / "founding.py")


def cloud_id_of(module: str) -> str:
    """test_dirty_audience → dirty-audience."""
    return module.removeprefix("test_").replace("_", "-")


@pytest.fixture(scope="session")
def house(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lives until the last test: starting an installation takes seconds."""
    folder = tmp_path_factory.mktemp("browser-house")
    # Another worker of the tests has a house of its own.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with open_house(folder, migrated_database(f"browser_{worker}")) as opened:
        cloud_ids = sorted(cloud_id_of(path.stem) for path in HERE.glob("test_*.py"))
        opened.started.run(opened.imis, opened.twilio, *cloud_ids, program=(FOUNDING,))
        opened.started.start("worker")
        yield opened


@pytest.fixture
def browser() -> Iterator[Browser]:
    if chromium.PATH is None:
        message = "NO BROWSER TEST: there is no Chromium on this machine. Install it: make browser"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium.chromium() as browser:
        yield browser


@pytest.fixture
def page(house: House, browser: Browser) -> Iterator[Page]:
    with chromium.watched_page(browser, house.visitor.web) as page:
        yield page


@pytest.fixture
def staff(page: Page, house: House, request: pytest.FixtureRequest) -> Staff:
    """Not signed in yet."""
    return Staff(page, house, cloud_id_of(request.path.stem))
