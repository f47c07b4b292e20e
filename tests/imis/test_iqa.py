"""IQAs in pages, by either endpoint, with whatever the site puts in a cell."""

from __future__ import annotations

import json

import pytest

from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisNotFound,
    ImisNotImis,
    ImisNotShared,
    ImisUnavailable,
)
from textmanager.imis.iqa import (
    IqaColumn,
    IqaDefinition,
    IqaPage,
    IqaPrompt,
    audience_columns,
    browse,
    check_audience_columns,
    describe,
    fetch_page,
    guess_columns,
)
from textmanager.sandbox.members import members

ALL = "$/Text Manager/All members"
BOARD = "$/Text Manager/Board of directors"
CONFERENCE = "$/Text Manager/Conference registrants"
USUAL = ("ID", "FullName", "FirstName", "MobilePhone", "PaidThrough", "DuesAmount", "Chapter")


async def every_page(client, path: str) -> list[IqaPage]:
    pages = [await fetch_page(client, path, offset=0)]
    while pages[-1].next_offset is not None:
        pages.append(await fetch_page(client, path, offset=pages[-1].next_offset))
    return pages


async def test_every_member_comes_once_in_pages_of_at_most_500(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            pages = await every_page(client, ALL)

        assert [len(page.rows) for page in pages] == [500] * 10
        assert {page.total for page in pages} == {5000}
        found = [row["ID"] for page in pages for row in page.rows]
        assert found == [member.party_id for member in members()]


async def test_a_larger_page_is_not_asked_for(client) -> None:
    page = await fetch_page(client, ALL, offset=4_900, limit=100_000)

    assert (len(page.rows), page.next_offset) == (100, None)


async def test_both_shapes_of_an_answer_are_the_same_row(site, older_site) -> None:
    read = []
    for one in (site, older_site):
        async with one.client() as client:
            page = await fetch_page(client, BOARD, offset=0)
        assert page.columns == USUAL
        read.append(page.rows)

    newer, older = read
    assert newer == older
    first = newer[0]
    member = members()[0]
    assert (first["ID"], first["FullName"]) == (member.party_id, member.full_name)
    assert first["DuesAmount"] == member.dues, "a number, out of its wrapping"


async def test_an_empty_cell_is_none_or_left_out(site, older_site) -> None:
    """Nobody outside knows which of the two /api/query does."""
    for one in (site, older_site):
        async with one.client() as client:
            page = await fetch_page(client, CONFERENCE, offset=0)
        assert page.rows[0].get("FirstName") is None
        assert page.rows[1]["FirstName"] == members()[301].first_name
        assert page.rows[1]["Balance Due"] == 25.0


async def test_a_null_cell_reads_like_one_that_is_left_out(site, client) -> None:
    row = {"$type": "System.Dynamic.ExpandoObject, System.Core", "ID": "1", "Mobile": None}
    answer = {"Items": {"$values": [row]}, "TotalCount": 1, "HasNext": False}
    await site.fault("status", "/api/query", status=200, text=json.dumps(answer))

    page = await fetch_page(client, BOARD, offset=0)

    assert page.rows == [{"ID": "1", "Mobile": None}]


async def test_a_site_without_the_newer_endpoint_is_remembered(older_site) -> None:
    async with older_site.client() as client:
        await every_page(client, ALL)

    assert await older_site.requests("/api/query") == 1
    assert await older_site.requests("/api/iqa") == 10


async def test_an_iqa_that_is_not_there_does_not_make_a_site_older(site, client) -> None:
    with pytest.raises(ImisNotFound, match="no IQA at “\\$/Nobody”"):
        await fetch_page(client, "$/Nobody", offset=0)
    await fetch_page(client, BOARD, offset=0)

    asked = await site.requests("/api/query") - await site.requests("/api/querydefinition")
    assert asked == 2
    assert await site.requests("/api/iqa") == 1


@pytest.mark.parametrize("text", ["null", "[]", '"ok"', '{"Message":"hello"}', ""])
async def test_an_answer_of_another_shape_is_not_an_empty_audience(site, client, text: str) -> None:
    await site.fault("status", "/api/query", status=200, text=text)
    with pytest.raises(ImisNotImis, match="not known here"):
        await fetch_page(client, BOARD, offset=0)


async def test_pages_that_stop_too_early_are_not_the_whole_audience(site, client) -> None:
    answer = {"Items": {"$values": []}, "TotalCount": 5000, "HasNext": True}
    await site.fault("status", "/api/query", status=200, text=json.dumps(answer), count=1)
    with pytest.raises(ImisUnavailable, match="rows after the first 500"):
        await fetch_page(client, ALL, offset=500)


async def test_the_total_tells_of_a_next_page_where_has_next_does_not(site, client) -> None:
    answer = {"Items": {"$values": [{"ID": "1"}, {"ID": "2"}]}, "TotalCount": 3}
    await site.fault("status", "/api/query", status=200, text=json.dumps(answer))

    assert (await fetch_page(client, ALL, offset=0)).next_offset == 2


async def test_what_the_definition_tells(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            definition = await describe(client, BOARD)
        assert definition.name == "Board of directors"
        assert [column.name for column in definition.columns] == list(USUAL)
        assert all(column.has_alias for column in definition.columns)
        assert definition.columns[4].data_type == "DateTime"
        assert definition.prompts == ()


async def test_columns_without_an_alias_have_their_caption(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            definition = await describe(client, "$/Samples/No aliases")
            page = await fetch_page(client, "$/Samples/No aliases", offset=0)
        assert [column.name for column in definition.columns] == list(USUAL) == list(page.columns)
        assert not any(column.has_alias for column in definition.columns)


async def test_an_iqa_that_is_not_there_has_no_definition(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            with pytest.raises(ImisNotFound, match="no IQA at"):
                await describe(client, "$/Nobody")


@pytest.mark.parametrize("root", ["$", "$/"])
async def test_the_tree_of_iqas(client, root: str) -> None:
    top = await browse(client, root)
    assert [(item.path, item.is_folder) for item in top] == [
        ("$/Text Manager", True),
        ("$/Samples", True),
    ]
    inside = await browse(client, "$/Samples")
    assert [(item.name, item.path, item.is_folder) for item in inside] == [
        ("No aliases", "$/Samples/No aliases", False),
        ("No ID column", "$/Samples/No ID column", False),
        ("Columns called Item", "$/Samples/Columns called Item", False),
        ("Not for programs", "$/Samples/Not for programs", False),
    ]


@pytest.mark.parametrize(
    ("columns", "id_column", "phone_column"),
    [
        (USUAL, "ID", "MobilePhone"),
        (("iMIS ID", "Cell"), "iMIS ID", "Cell"),
        (("Party_Id", "Home Phone", "Mobile"), "Party_Id", "Mobile"),
        (("Member ID", "Text number"), None, "Text number"),
        (("FullName",), None, None),
    ],
)
def test_columns_are_guessed_by_name(columns, id_column, phone_column) -> None:
    guess = guess_columns(columns, [])

    assert (guess.id_column, guess.phone_column) == (id_column, phone_column)


def test_a_phone_column_is_guessed_by_what_it_holds() -> None:
    rows = [{"ID": "1", "Contact": "(202) 555-0143"}, {"ID": "2", "Contact": "202.555.0144"}]

    assert guess_columns(("ID", "Contact"), rows).phone_column == "Contact"


def audience(*names: str, rows: int = 1, **changes) -> list[str]:
    columns = tuple(IqaColumn(name, "String", has_alias=True) for name in names)
    definition = IqaDefinition("$/Any", "Any", changes.get("columns", columns), ())
    found = [dict.fromkeys(names, "x")] * rows
    return check_audience_columns(definition, IqaPage(found, 0, rows, None, names))


def test_a_good_audience_has_no_problems() -> None:
    assert audience("ID", "MobilePhone") == []


def test_each_problem_of_an_audience_is_a_sentence_with_its_remedy() -> None:
    without = tuple(IqaColumn(name, "String", has_alias=name != "ID") for name in ("ID", "Cell"))

    (problem,) = audience("ID", "Cell", columns=without)
    assert problem == (
        "These columns have no alias: ID. Give every output column an alias on the Display tab of "
        "the IQA."
    )
    (doubled,) = audience("ID", "Cell", "cell")
    assert doubled.startswith("Two columns have the same alias: Cell, cell. Only one of them")
    assert "an alias of its own on the Display tab" in doubled
    assert audience("FullName") == [
        "No column looks like the iMIS ID. Add it to the IQA with the alias ID.",
        "No column looks like a mobile number. Add it to the IQA with the alias MobilePhone.",
    ]
    assert audience("ID", "Cell", rows=0) == ["The IQA returns nobody at present."]


CHAPTER = "$/Text Manager/Members of a chapter"


async def test_an_iqa_that_asks_questions_says_which(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            definition = await describe(client, CHAPTER)
        assert definition.prompts == (
            IqaPrompt("Chapter", "Which chapter?", is_required=True),
            IqaPrompt("FirstName", "First name", is_required=False),
        )


async def test_answers_are_given_by_name_or_by_place(site, older_site) -> None:
    """The newer endpoint knows them by their names, the older one by their order."""
    chapter = members()[0].chapter
    for one in (site, older_site):
        async with one.client() as client:
            page = await fetch_page(
                client, CHAPTER, offset=0, answers=[("Chapter", chapter), ("FirstName", "")]
            )
            named = await fetch_page(
                client,
                CHAPTER,
                offset=0,
                answers=[("Chapter", chapter), ("FirstName", members()[0].first_name)],
            )
        assert 0 < page.total < 2_000
        assert {row["Chapter"] for row in page.rows} == {chapter}
        assert 0 < named.total < page.total
        assert {row["FirstName"] for row in named.rows} == {members()[0].first_name}


async def test_a_missing_answer_is_told_by_imis(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            with pytest.raises(ImisError, match="required parameter"):
                await fetch_page(client, CHAPTER, offset=0)


async def test_columns_that_imis_names_itself_are_explained(site, older_site) -> None:
    path = "$/Samples/Columns called Item"
    for one in (site, older_site):
        async with one.client() as client:
            definition = await describe(client, path)
            page = await fetch_page(client, path, offset=0)

        (problem,) = check_audience_columns(definition, page)
        assert "without an alias Item, Item1 and so on, by their place: Item, Item1" in problem
        assert "alias on the Display tab" in problem
        # The names of the definition would never hold anything.
        assert audience_columns(definition, page) == ("ID", "MobilePhone", "Item", "Item1")


def test_an_alias_may_be_item() -> None:
    assert audience("ID", "MobilePhone", "Item", "Item2") == []


def test_columns_that_are_empty_in_the_first_rows_are_known_nevertheless() -> None:
    columns = tuple(IqaColumn(name, "String", has_alias=True) for name in ("ID", "Cell", "Empty"))
    definition = IqaDefinition("$/Any", "Any", columns, ())
    page = IqaPage([{"ID": "1", "Cell": "x"}], 0, 1, None, ("ID", "Cell"))

    assert audience_columns(definition, page) == ("ID", "Cell", "Empty")


NOT_SHARED = "$/Samples/Not for programs"


async def test_an_iqa_that_is_not_given_to_programs_says_how_to_allow_it(site, older_site) -> None:
    for one in (site, older_site):
        async with one.client() as client:
            assert (await describe(client, NOT_SHARED)).is_shared is False
            with pytest.raises(ImisNotShared, match="“Available via the REST API” on its Security"):
                await fetch_page(client, NOT_SHARED, offset=0)
            (problem, *_) = check_audience_columns(
                await describe(client, NOT_SHARED), IqaPage([], 0, 1, None, ("ID", "Cell"))
            )
            assert "not given to programs outside iMIS" in problem


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "text": "SecurityFault: the query is not allowed", "count": 1},
        {"status": 404, "text": "", "count": 1},
        {"status": 500, "text": "SecurityFault", "count": 3},
    ],
)
async def test_however_a_site_refuses_it(site, client, answer: dict) -> None:
    """Which status a site gives is not documented: the definition tells."""
    await site.fault("status", "/api/query", **answer)
    await site.fault("status", "/api/iqa", **answer)

    with pytest.raises(ImisNotShared):
        await fetch_page(client, NOT_SHARED, offset=0)


async def test_one_that_the_account_may_not_read_says_both_that_may_be_wrong(site, client) -> None:
    await site.fault("status", "/api/query", status=403)
    with pytest.raises(ImisForbidden, match=r"rows of the IQA .* Let the account read it"):
        await fetch_page(client, "$/Text Manager/Empty", offset=0)


async def test_a_busy_site_is_not_asked_for_definitions_as_well(site, client) -> None:
    await site.fault("status", "/api/query", status=503, count=3)
    with pytest.raises(ImisUnavailable, match="HTTP 503"):
        await fetch_page(client, "$/Text Manager/Empty", offset=0)
    assert await site.requests("/api/QueryDefinition") == 0
