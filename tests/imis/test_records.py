"""Records on a member: written as iMIS takes them, and found again before a second try."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from textmanager.imis.errors import ImisInvalid, ImisUnavailable, ImisUnreachable
from textmanager.imis.records import (
    Activity,
    CommunicationLogEntry,
    activity_type_exists,
    create_activity,
    create_communication_log_entry,
    find_activity,
    find_communication_log_entry,
)

SENT = dt.datetime(2026, 6, 2, 8, 10, 7, tzinfo=dt.timezone(dt.timedelta(hours=-4)))
ACTIVITY = Activity(
    party_id="10001",
    activity_type="TEXTMSG",
    transaction_date=SENT,
    description="+12025550100",
    note="Hello Ada,\nyour dues lapse.",
    category="Text Manager",
)
ENTRY = CommunicationLogEntry("10001", "Dues reminder", "Hello Ada", "+12025550100")


async def test_an_activity_holds_exactly_what_it_should(site, client) -> None:
    number = await create_activity(client, ACTIVITY)

    assert await site.activities() == [
        {
            "SEQN": int(number),
            "ACTIVITY_TYPE": "TEXTMSG",
            "PartyId": "10001",
            "TRANSACTION_DATE": "2026-06-02T12:10:07",
            "DESCRIPTION": "+12025550100",
            "NOTE": "Hello Ada,\nyour dues lapse.",
            "CATEGORY": "Text Manager",
        }
    ]


async def test_the_number_of_an_opt_out_goes_into_uf_1(site, client) -> None:
    await create_activity(client, replace(ACTIVITY, activity_type="TEXTUNSUB", uf_1="+12025550100"))

    (activity,) = await site.activities()
    assert activity["UF_1"] == "+12025550100"


async def test_an_activity_is_found_again(client) -> None:
    assert await find_activity(client, ACTIVITY) is None
    number = await create_activity(client, ACTIVITY)

    assert await find_activity(client, ACTIVITY) == number


@pytest.mark.parametrize(
    "change",
    [
        {"party_id": "10002"},
        {"activity_type": "CALL"},
        {"transaction_date": SENT + dt.timedelta(seconds=1)},
        {"description": "+12025550101"},
        {"note": "Hello Bo"},
    ],
)
async def test_another_activity_is_not_taken_for_it(client, change: dict) -> None:
    await create_activity(client, ACTIVITY)

    assert await find_activity(client, replace(ACTIVITY, **change)) is None


async def test_how_the_site_writes_dates_and_lines_does_not_hide_an_activity(site, client) -> None:
    bag = {
        "PartyId": "10001",
        "ACTIVITY_TYPE": "TEXTMSG",
        "TRANSACTION_DATE": "2026-06-02T12:10:07.0000000",
        "DESCRIPTION": "+12025550100",
        "NOTE": "Hello Ada,\r\nyour dues lapse.",
    }
    entity = {
        "Identity": {"IdentityElements": {"$values": ["77"]}},
        "Properties": {"$values": [{"Name": name, "Value": bag[name]} for name in bag]},
    }
    answer = {"Items": {"$values": [entity]}, "HasNext": False}
    await site.fault("status", "/api/Activity", status=200, text=json.dumps(answer))

    assert await find_activity(client, ACTIVITY) == "77"


async def test_an_activity_behind_many_others_is_found(client) -> None:
    for second in range(1, 4):
        earlier = SENT - dt.timedelta(seconds=second)
        await create_activity(client, replace(ACTIVITY, transaction_date=earlier))
    number = await create_activity(client, ACTIVITY)

    assert await find_activity(client, ACTIVITY) == number


async def test_a_search_that_does_not_end_proves_nothing(site, client) -> None:
    """A site that ignores the filters lists the activities of everybody."""
    page = {"Items": {"$values": [{"Properties": {"$values": []}}] * 500}, "HasNext": True}
    await site.fault("status", "/api/Activity", status=200, text=json.dumps(page), count=99)
    with pytest.raises(ImisUnavailable, match="cannot be told"):
        await find_activity(client, ACTIVITY)

    assert await site.requests("/api/Activity") == 10


async def test_what_iMIS_refuses_is_said_in_its_words(client) -> None:  # noqa: N802 # its name
    with pytest.raises(ImisInvalid, match="There is no contact 99") as caught:
        await create_activity(client, replace(ACTIVITY, party_id="99"))
    assert caught.value.permanent
    assert caught.value.fields == (("PartyId", "There is no contact 99."),)

    with pytest.raises(ImisInvalid, match="ACTIVITY_TYPE: FAX is not an activity type"):
        await create_activity(client, replace(ACTIVITY, activity_type="FAX"))


@pytest.mark.parametrize(
    ("fault", "ambiguous", "written"),
    [
        ({"kind": "lost_answer"}, True, 1),
        ({"kind": "reset"}, True, 0),
        ({"kind": "slow", "seconds": 0.6}, True, 1),
        ({"kind": "status", "status": 500}, True, 0),
        ({"kind": "status", "status": 503}, True, 0),
        ({"kind": "status", "status": 201, "text": '{"Identity":'}, True, 0),
        ({"kind": "status", "status": 429}, False, 0),
    ],
)
async def test_a_write_is_sent_once_and_says_when_it_may_be_there(
    site, client, fault: dict, *, ambiguous: bool, written: int
) -> None:
    await client.sign_in()
    await site.fault(path="/api/Activity", method="POST", **fault)
    with pytest.raises((ImisUnreachable, ImisUnavailable)) as caught:
        await create_activity(client, ACTIVITY)

    assert caught.value.ambiguous is ambiguous
    assert not caught.value.permanent
    assert await site.requests("/api/Activity") == 1
    if fault["kind"] != "slow":
        assert len(await site.activities()) == written


async def test_nobody_listening_is_not_ambiguous(site) -> None:
    async with site.client() as client:
        await client.sign_in()
        client.base_url = "http://127.0.0.1:1"
        with pytest.raises(ImisUnreachable) as caught:
            await create_activity(client, ACTIVITY)

    assert not caught.value.ambiguous


async def test_an_entry_of_the_communication_log_is_written_and_found_again(client) -> None:
    assert await find_communication_log_entry(client, ENTRY) is None
    made = await create_communication_log_entry(client, ENTRY)

    assert made
    assert await find_communication_log_entry(client, ENTRY) == made
    for change in ({"party_id": "10002"}, {"subject": "Other"}, {"body": "x"}, {"address": "+1"}):
        assert await find_communication_log_entry(client, replace(ENTRY, **change)) is None


async def test_a_long_subject_is_cut_to_what_iMIS_holds(client) -> None:  # noqa: N802 # its name
    entry = replace(ENTRY, subject="x" * 600)
    made = await create_communication_log_entry(client, entry)

    assert await find_communication_log_entry(client, entry) == made


async def test_whether_an_activity_type_is_there(client) -> None:
    assert await activity_type_exists(client, "TEXTMSG")
    assert not await activity_type_exists(client, "FAX")
