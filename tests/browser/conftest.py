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
from processes import own_database
from staff import Staff

HERE = Path(__file__).parent

FOUND = """
import sys
from textmanager.commands.preparing import prepare
prepare()
from textmanager.commands.seed import ANY_HOUR, SHORT_CODE, TEN_DLC, TOLL_FREE
from textmanager.gateway.account import TwilioCredentials
from textmanager.organizations import founding
from textmanager.sandbox import imis, twilio

imis_url, twilio_url, *cloud_ids = sys.argv[1:]
account = founding.ImisAccount(imis_url, imis.BACKGROUND.username, imis.BACKGROUND.password)
usual = twilio.TwilioSettings()
credentials = TwilioCredentials(usual.account_sid, usual.auth_token, base_url=twilio_url)
for cloud_id in cloud_ids:
    organization = founding.found_organization(
        cloud_id=cloud_id,
        name="Sample Association",
        time_zone="America/New_York",
        imis=account,
        twilio=credentials,
    )
    organization.texting_opens = organization.texting_closes = ANY_HOUR
    organization.save()
    for name in ("jordan.lee", "sam.rivera"):
        founding.add_staff_administrator(organization, name)
    for sender in (TOLL_FREE, TEN_DLC, SHORT_CODE):
        founding.add_sender(organization, sender)
"""


def cloud_id_of(module: str) -> str:
    """test_dirty_audience → dirty-audience."""
    return module.removeprefix("test_").replace("_", "-")


@pytest.fixture(scope="session")
def house(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lives until the last test: starting an installation takes seconds."""
    folder = tmp_path_factory.mktemp("browser-house")
    with open_house(folder, own_database("browser")) as opened:
        cloud_ids = sorted(cloud_id_of(path.stem) for path in HERE.glob("test_*.py"))
        opened.started.run(opened.imis, opened.twilio, *cloud_ids, program=("-c", FOUND))
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
