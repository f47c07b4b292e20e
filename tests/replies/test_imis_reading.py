"""Opt-outs that iMIS knows come into the register, and what is newer here stays."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest

from serving_in_thread import serve_in_thread
from textmanager.config.bridge import in_database
from textmanager.imis.client import ImisClient
from textmanager.imis.records import Activity, FoundActivity, create_activity
from textmanager.organizations.activity_types import name_activity_types
from textmanager.organizations.connections import opt_outs_were_never_read
from textmanager.organizations.models import ImisConnection, Organization, User
from textmanager.replies import imis_reading
from textmanager.replies.imis_reading import read_opt_outs, take_over
from textmanager.replies.models import OptOut, OptOutRecord, OptOutSource
from textmanager.replies.opt_outs import (
    clear_opt_out,
    opted_out_among,
    record_opt_out,
    record_opt_outs,
)
from textmanager.replies.register import NotANumber, add_number
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app

MEMBER = "+12025550143"
SPRING = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
SUMMER = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


def activity(at: dt.datetime | None, number: str = MEMBER, **values: str) -> FoundActivity:
    return FoundActivity(**{"party_id": "1", "description": "", "uf_1": number, **values}, at=at)


@pytest.mark.django_db
class TestTakingOver:
    """Each against a register that is empty at first."""

    def test_an_opt_out_is_entered_once(self, organization: Organization) -> None:
        stops = [activity(SPRING), activity(SUMMER), activity(SPRING, "+12025550144")]
        assert take_over(organization.pk, stops, []).added == 2
        assert take_over(organization.pk, stops, []).added == 0
        entry = OptOut.objects.get(number=MEMBER)
        assert (entry.source, entry.evidence) == (
            OptOutSource.IMIS,
            "Activity TEXTUNSUB of 2026-07-01",
        )
        assert not OptOutRecord.objects.exists()

    def test_the_number_may_stand_in_the_description(self, organization: Organization) -> None:
        old = activity(SPRING, "", description="(202) 555-0143")
        assert take_over(organization.pk, [old], []).added == 1

    def test_what_names_no_number_is_counted(self, organization: Organization) -> None:
        assert take_over(organization.pk, [activity(SPRING, "")], []).unreadable == 1

    def test_without_a_date_it_is_an_opt_out_still(self, organization: Organization) -> None:
        assert take_over(organization.pk, [activity(None)], []).added == 1

    @pytest.mark.parametrize(("back", "added"), [(SUMMER, 0), (SPRING, 1)])
    def test_the_last_word_counts(
        self, organization: Organization, back: dt.datetime, added: int
    ) -> None:
        gone = SPRING if back == SUMMER else SUMMER
        assert take_over(organization.pk, [activity(gone)], [activity(back)]).added == added

    def test_who_came_back_in_imis_comes_back_here(self, organization: Organization) -> None:
        take_over(organization.pk, [activity(SPRING)], [])
        assert take_over(organization.pk, [activity(SPRING)], [activity(SUMMER)]).cleared == 1
        assert not opted_out_among(organization.pk, [MEMBER])
        assert not OptOutRecord.objects.exists()

    def test_what_was_texted_to_us_is_never_cleared_from_imis(
        self, organization: Organization
    ) -> None:
        record_opt_out(organization_id=organization.pk, number=MEMBER, source=OptOutSource.REPLY)
        assert take_over(organization.pk, [], [activity(SUMMER)]).cleared == 0
        assert opted_out_among(organization.pk, [MEMBER])

    @pytest.mark.parametrize("told", ["texted", "typed", "listed"])
    def test_what_was_told_here_too_is_never_cleared_from_imis(
        self, organization: Organization, alice: User, told: str
    ) -> None:
        take_over(organization.pk, [activity(SPRING)], [])
        if told == "texted":
            reply = OptOutSource.REPLY
            record_opt_out(organization_id=organization.pk, number=MEMBER, source=reply)
        elif told == "typed":
            with pytest.raises(NotANumber, match="already"):
                add_number(organization=organization, raw=MEMBER, note="By phone", actor=alice)
        else:
            new = record_opt_outs(
                organization_id=organization.pk,
                numbers=[MEMBER],
                source=OptOutSource.STAFF,
                evidence="Imported from a file",
            )
            assert not new
        # They had come back in iMIS before that, which is read only now.
        assert take_over(organization.pk, [activity(SPRING)], [activity(SUMMER)]).cleared == 0
        assert opted_out_among(organization.pk, [MEMBER])

    def test_what_was_cleared_here_later_stays_cleared(self, organization: Organization) -> None:
        record_opt_out(organization_id=organization.pk, number=MEMBER, source=OptOutSource.REPLY)
        clear_opt_out(organization_id=organization.pk, number=MEMBER, because="START")
        assert take_over(organization.pk, [activity(SUMMER)], []).added == 0
        newer = activity(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
        assert take_over(organization.pk, [newer], []).added == 1


@pytest.fixture
def imis(organization: Organization) -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings())) as address:
        connection = ImisConnection.objects.get(organization=organization)
        connection.base_url = address
        connection.save()
        yield address


def enter(imis: str, *records: tuple[str, str, dt.datetime]) -> None:
    async def go() -> None:
        async with ImisClient(imis, BACKGROUND.username, BACKGROUND.password) as client:
            for number, kind, at in records:
                await create_activity(
                    client,
                    Activity("10005", kind, at, "", "", "Text Manager", uf_1=number),
                )

    asyncio.run(go())


@pytest.mark.django_db(transaction=True)
def test_a_site_is_read_to_its_last_page(imis: str, organization: Organization) -> None:
    numbers = [f"+1202555{last:04}" for last in range(100, 199)]
    enter(
        imis,
        *[(number, "TEXTUNSUB", SPRING) for number in numbers * 6],
        (numbers[0], "TEXTUNSUB_A", SUMMER),
        (numbers[1], "TEXTMSG", SUMMER),
    )
    asyncio.run(read_opt_outs.func(organization.pk))
    assert opted_out_among(organization.pk, numbers) == frozenset(numbers[1:])


@pytest.mark.django_db(transaction=True)
def test_an_imis_that_is_away_changes_nothing(organization: Organization) -> None:
    record_opt_out(organization_id=organization.pk, number=MEMBER, source=OptOutSource.IMIS)
    asyncio.run(read_opt_outs.func(organization.pk))
    assert opted_out_among(organization.pk, [MEMBER])


@pytest.mark.django_db(transaction=True)
def test_what_is_renamed_while_it_is_read_is_not_taken_for_read(
    imis: str, organization: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(imis, (MEMBER, "TEXTUNSUB", SPRING))
    ImisConnection.objects.update(opt_out_type="NOTEXTS")
    listed = imis_reading._list

    async def rename_and_list(client: ImisClient, activity_type: str) -> list[FoundActivity]:
        monkeypatch.setattr(imis_reading, "_list", listed)
        connection = await ImisConnection.objects.select_related("organization").aget()
        names = {"opt_out_type": "TEXTUNSUB"}
        await in_database(name_activity_types, connection, names, actor=alice)
        return await listed(client, activity_type)

    monkeypatch.setattr(imis_reading, "_list", rename_and_list)
    asyncio.run(read_opt_outs.func(organization.pk))
    assert opt_outs_were_never_read(organization.pk)
    asyncio.run(read_opt_outs.func(organization.pk))
    assert not opt_outs_were_never_read(organization.pk)
    assert opted_out_among(organization.pk, [MEMBER])
