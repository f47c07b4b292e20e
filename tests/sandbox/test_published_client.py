"""A client of iMIS that others have published works with the sandbox as it is.

It is `imis-projectweekend` from PyPI, which is in use with real sites; not a line of it is changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from imis import api, user
from serving_in_thread import serve_in_thread
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app
from textmanager.sandbox.members import members


@pytest.fixture(scope="module", params=[False, True], ids=["newer", "older"])
def site(request: pytest.FixtureRequest) -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings(older=request.param))) as address:
        yield address


@pytest.fixture
def client(site: str) -> Any:
    return api.Client(site, BACKGROUND.username, BACKGROUND.password)


def test_it_signs_in(client: Any) -> None:
    assert client.auth.user_name == BACKGROUND.username
    assert client.auth.authorization_header.startswith("bearer ")


def test_it_reads_why_a_sign_in_is_refused(site: str) -> None:
    with pytest.raises(api.AuthError, match="incorrect"):
        api.Client(site, BACKGROUND.username, "mistyped")


def test_it_reads_a_query_over_all_its_pages(client: Any) -> None:
    rows = list(client.iqa("$/Text Manager/Dues lapse in 30 days"))

    assert [row.id for row in rows] == [member.party_id for member in members()[1000:1240]]
    assert rows[0].full_name == members()[1000].full_name
    assert isinstance(rows[0].dues_amount, float)


def test_it_answers_a_query_that_asks(client: Any) -> None:
    chapter = members()[0].chapter
    rows = list(client.iqa("$/Text Manager/Members of a chapter", chapter, None))

    assert rows
    assert {row.chapter for row in rows} == {chapter}


def test_it_writes_an_activity(client: Any) -> None:
    written = client.create_activity(
        {"ACTIVITY_TYPE": "CALL", "PartyId": "10001", "DESCRIPTION": "Hello", "UNITS": 1.5}
    )

    assert (written["PartyId"], written["DESCRIPTION"], written["UNITS"]) == ("10001", "Hello", 1.5)
    assert int(written["SEQN"]) > 50_000


def test_it_reads_parties(client: Any) -> None:
    assert client.party.fetch_raw_data("10001")["PersonName"]["FullName"] == members()[0].full_name
    page = client.party.fetch_raw_data()
    assert (page["Count"], page["TotalCount"], page["HasNext"]) == (100, 5_000, True)


def test_it_reads_and_changes_a_business_object_of_a_member(client: Any) -> None:
    record = client.demo("CsNameFin").fetch_record("10001")
    assert record.primary_identifier == "10001"
    assert record.simple_data["RENEWED_THRU"].startswith("2026") or record.simple_data[
        "RENEWED_THRU"
    ].startswith("2027")

    client.update_renewed_thru("10001", dt.datetime(2030, 1, 31))
    assert client.demo("CsNameFin").fetch_record("10001").simple_data["RENEWED_THRU"] == (
        "2030-01-31T00:00:00"
    )


def test_it_creates_a_user_once(client: Any) -> None:
    client.create_user("ann.lee", "10001")
    with pytest.raises(user.UserExistsError):
        client.create_user("ann.lee", "10001")
