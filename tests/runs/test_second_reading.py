"""An audience that changes while it is read: nobody lost, nobody doubled, or the run is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

import world
from textmanager.campaigns.models import Campaign
from textmanager.imis import pages
from textmanager.imis.iqa import IqaPage
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline import prepare, second_reading

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = 4
Site = Callable[[int], Sequence[int]]


@pytest.fixture
def preparing(campaign: Campaign) -> Run:
    return world.run(campaign, state=RunState.PREPARING, prepared_at=None)


def read_from(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> int:
    """Prepares the run from a site that gives its members anew for each page; how many it gave."""
    asked = 0

    async def fetch_page(_client: Any, _path: str, *, offset: int, **_: Any) -> IqaPage:
        nonlocal asked
        everybody = site(asked)
        asked += 1
        rows: list[dict[str, object]] = [
            {"ID": str(member), "MobilePhone": f"202-555-01{member:02d}", "FirstName": "Ann"}
            for member in everybody[offset : offset + PAGE]
        ]
        end = offset + len(rows)
        following = end if end < len(everybody) else None
        return IqaPage(rows, offset, len(everybody), following, tuple(rows[0]) if rows else ())

    async def describe(_client: Any, _path: str) -> Any:
        return SimpleNamespace(columns=())

    monkeypatch.setattr(pages, "fetch_page", fetch_page)
    monkeypatch.setattr(prepare, "describe", describe)
    asyncio.run(prepare.prepare(run_id=str(run.pk)))
    run.refresh_from_db()
    return asked


def texted() -> list[int]:
    queued = Message.objects.filter(status="queued").values_list("imis_id", flat=True)
    return sorted(int(member) for member in queued)


def test_a_steady_audience_is_read_once(preparing: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_from(lambda _: range(10), preparing, monkeypatch) == 3
    assert texted() == list(range(10))
    assert (preparing.state, preparing.contacts) == (RunState.SENDING, 10)


def test_who_joins_meanwhile_moves_nobody_out(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number 0 joins after the first page: number 4 comes twice, and 0 not at all."""

    def site(asked: int) -> range:
        return range(1, 11) if asked == 0 else range(11)

    assert read_from(site, preparing, monkeypatch) == 6
    assert texted() == list(range(11))
    assert preparing.state == RunState.SENDING
    assert preparing.contacts == Message.objects.count() == 12, "with the one that came twice"


def test_who_leaves_meanwhile_moves_nobody_out(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number 0 leaves after the first page: number 4 is passed over."""

    def site(asked: int) -> range:
        return range(10) if asked == 0 else range(1, 10)

    read_from(site, preparing, monkeypatch)
    assert texted() == list(range(10))
    assert preparing.state == RunState.SENDING


def test_a_member_whom_the_iqa_has_twice_is_texted_once(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = [0, 1, 2, 3, 4, 1, 5, 6]
    assert read_from(lambda _: twice, preparing, monkeypatch) == 4
    assert texted() == list(range(7))
    assert preparing.state == RunState.SENDING


def test_an_iqa_without_an_order_is_not_relied_upon(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def site(asked: int) -> list[int]:
        return list(range(10))[:: 1 if asked % 2 else -1]

    read_from(site, preparing, monkeypatch)
    assert preparing.state == RunState.HELD
    assert "Sort the IQA by ID" in preparing.reason


def test_more_left_out_than_can_have_joined(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty come in front of the rest between two pages; four of them are not seen."""
    monkeypatch.setattr(second_reading, "MOST_MISSED", 3)

    def site(asked: int) -> range:
        return range(40, 48) if asked == 0 else range(48)

    read_from(site, preparing, monkeypatch)
    assert preparing.state == RunState.HELD
    assert "4 of them" in preparing.reason
