"""A run that a person paused is told, everywhere, from one that Text Manager held."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client

from textmanager.organizations.models import User
from textmanager.runs.holding import hold_run, pause_run
from textmanager.runs.models import Run
from textmanager.runs.overview import outcome_in_words

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
BY_WHOM = "Paused by alice on Nov 23, 2026, 10:00 AM EST."
PAUSED = '<span class="tag state-paused">Paused</span>'
HELD = '<span class="tag state-held">Held</span>'


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def paused(run: Run, alice: User) -> Run:
    with time_machine.travel(NOW, tick=False):
        return pause_run(organization=run.organization, run_id=run.pk, actor=alice)


def pages_that_show(run: Run) -> list[str]:
    return [
        f"/runs/{run.pk}/",
        f"/runs/campaign/{run.campaign_id}/",
        "/calendar/?view=day&day=2026-11-23",
    ]


def test_each_page_says_paused_by_whom_and_when(page: Client, paused: Run) -> None:
    for address in pages_that_show(paused):
        html = page.get(address).content.decode()
        assert PAUSED in html, address
        assert BY_WHOM in html, address
        assert HELD not in html, address


def test_what_text_manager_held_is_still_held(page: Client, run: Run) -> None:
    hold_run(run_id=run.pk, reason="The audience is ten times its usual size.")
    for address in pages_that_show(run):
        html = page.get(address).content.decode()
        assert HELD in html, address
        assert PAUSED not in html, address


def test_the_banner_of_a_paused_run_does_not_call_it_held(page: Client, paused: Run) -> None:
    html = page.get("/opt-outs/").content.decode()
    assert f"No text of the run of “Dues reminder” leaves. {BY_WHOM}" in html
    assert "is held" not in html
    assert f'href="/runs/{paused.pk}/">Resume or cancel it' in html


def test_the_list_of_campaigns_says_it_once(paused: Run) -> None:
    assert outcome_in_words(paused) == BY_WHOM
