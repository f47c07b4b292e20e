"""The sandbox's phones tell the time as the person in front of them has it."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Browser, expect

import chromium
from serving_in_thread import serve_in_thread
from textmanager.sandbox.twilio import TwilioSettings, create_app

pytestmark = [pytest.mark.browser, pytest.mark.journey]

SETTINGS = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
PHONE = "+12025550100"


def test_times_are_the_readers_own_and_name_their_zone(browser: Browser) -> None:
    now = dt.datetime.now(dt.UTC)
    # Where it is another day than in UTC.
    zone, name = ("Etc/GMT+12", "GMT-12") if now.hour < 12 else ("Pacific/Kiritimati", "GMT+14")
    with serve_in_thread(create_app(SETTINGS)) as twilio:
        requests.post(
            f"{twilio}/2010-04-01/Accounts/{SETTINGS.account_sid}/Messages.json",
            data={"To": PHONE, "From": "+12025550143", "Body": "Hello"},
            auth=(SETTINGS.account_sid, SETTINGS.auth_token),
            timeout=20,
        ).raise_for_status()
        options = {"timezone_id": zone, "locale": "en-US"}
        with chromium.watched_page(browser, twilio, **options) as page:
            page.goto(f"/phones/{PHONE}")
            times = page.locator("time")
            expect(times).to_have_text([re.compile(rf"^\d+:\d\d\s[AP]M {re.escape(name)}$")] * 2)
            there = dt.datetime.now(ZoneInfo(zone))
            expect(page.locator(".day")).to_have_text([f"{there:%A, %B} {there.day}"])
            # Nor does the part that asks for itself again change that.
            page.get_by_label("Search by digits").fill("0100")
            page.wait_for_load_state("networkidle")
            expect(times.first).to_contain_text(name)
            expect(page.locator(".day")).to_have_count(1)
