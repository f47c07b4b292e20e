"""Runs saved queries (IQAs) page by page, describes them, and browses their folders."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textmanager.imis.client import ImisClient
from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisInvalid,
    ImisNotFound,
    ImisNotImis,
    ImisNotShared,
    ImisUnavailable,
)
from textmanager.imis.wire import LARGEST_PAGE, Json, plain, properties, string, values

_ID_NAMES = ("id", "imisid", "contactid", "partyid", "memberid", "imis id")
_PHONE_WORDS = ("mobile", "cell", "phone", "text", "sms")
_TEN_DIGITS = 10
# What iMIS calls the columns of a row that have no alias, in their order.
_NAMELESS = re.compile(r"Item\d*")
_ALIAS_REMEDY = "Give every output column an alias on the Display tab of the IQA."
_SHARE_IT = (
    "In iMIS, open it under RiSE, Intelligent Query Architect, enable “Available via the REST API” "
    "on its Security tab, and save it."
)
# The token is not accepted, or the site is too busy.
_SAYS_NOTHING_OF_THE_QUERY = frozenset({401, 408, 429, 502, 503, 504})


@dataclass(frozen=True)
class IqaPage:
    """Rows keyed by column title. `next_offset` is None on the last page."""

    rows: list[dict[str, object]]
    offset: int
    total: int
    next_offset: int | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class IqaColumn:
    name: str
    data_type: str
    has_alias: bool


@dataclass(frozen=True)
class IqaPrompt:
    """A question that a query asks before it runs: `name` is its property, `label` for people."""

    name: str
    label: str
    is_required: bool


# A prompt's name and its answer, in the definition's order; a blank answer is none.
PromptAnswers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class IqaDefinition:
    """A query as iMIS describes it, without running it.

    `is_shared` tells whether it is given to programs outside iMIS; None where a site does not say.
    """

    path: str
    name: str
    columns: tuple[IqaColumn, ...]
    prompts: tuple[IqaPrompt, ...]
    is_shared: bool | None = None


@dataclass(frozen=True)
class IqaDocument:
    name: str
    path: str
    is_folder: bool


@dataclass(frozen=True)
class ColumnGuess:
    id_column: str | None
    phone_column: str | None


class _Dialects:
    """Which sites have only the older endpoint; learnt from their first answer."""

    def __init__(self) -> None:
        self._older: set[str] = set()
        self._lock = threading.Lock()

    def is_older(self, base_url: str) -> bool:
        with self._lock:
            return base_url in self._older

    def remember_older(self, base_url: str) -> None:
        with self._lock:
            self._older.add(base_url)


_DIALECTS = _Dialects()


async def fetch_page(
    client: ImisClient,
    path: str,
    *,
    offset: int,
    limit: int = LARGEST_PAGE,
    answers: PromptAnswers = (),
) -> IqaPage:
    """One page of a query's rows, whichever of the two endpoints the site has.

    `answers` are those of all its prompts, in their order: the older endpoint knows them by place.

    Raises ImisNotFound when there is no such query, ImisNotShared when it is not given to programs
    outside iMIS, ImisError.
    """
    params = {"QueryName": path, "Offset": str(offset), "Limit": str(min(limit, LARGEST_PAGE))}
    try:
        return _page(await _ask(client, params, answers), offset)
    except (ImisNotFound, ImisForbidden, ImisInvalid, ImisUnavailable) as error:
        if error.status in _SAYS_NOTHING_OF_THE_QUERY:
            raise
        raise await _why_not_given(client, path, error) from error


async def _why_not_given(client: ImisClient, path: str, error: ImisError) -> ImisError:
    """Looks at the query's definition, since how a site refuses one is not documented."""
    try:
        definition = await describe(client, path)
    except ImisError:
        definition = None
    if definition is not None and definition.is_shared is False:
        return ImisNotShared(
            f"The IQA “{path}” is not given to programs outside iMIS.",
            remedy=_SHARE_IT,
            status=error.status,
            detail=error.detail,
        )
    if isinstance(error, ImisForbidden) or (
        isinstance(error, ImisNotFound) and definition is not None
    ):
        return ImisForbidden(
            f"iMIS does not give the rows of the IQA “{path}” to the background account.",
            remedy=f"{_SHARE_IT} Let the account read it there, and in its folder.",
            status=error.status,
            detail=error.detail,
        )
    if isinstance(error, ImisNotFound):
        return ImisNotFound(
            f"iMIS has no IQA at “{path}”, or the background account may not see it.",
            remedy="Choose the IQA anew, or let the account read it in iMIS.",
            status=error.status,
            detail=error.detail,
        )
    return error


async def _ask(client: ImisClient, params: dict[str, str], answers: PromptAnswers) -> Json:
    by_place = [*params.items(), *(("Parameter", _equal(answer)) for _, answer in answers)]
    if not _DIALECTS.is_older(client.base_url):
        by_name = [*params.items(), *((name, answer) for name, answer in answers if answer)]
        try:
            return await client.get("query", by_name)
        except ImisNotFound:
            # Either the site lacks the endpoint or the query is not there: the older one tells.
            answer = await client.get("iqa", by_place)
            _DIALECTS.remember_older(client.base_url)
            return answer
    return await client.get("iqa", by_place)


def _equal(answer: str) -> str:
    return f"eq:{answer}" if answer else ""


async def describe(client: ImisClient, path: str) -> IqaDefinition:
    """The columns and prompts of a query. Raises ImisNotFound, ImisError."""
    found = await client.execute("QueryDefinition", "FindByPath", string(path))
    if not isinstance(found, dict):
        raise ImisNotFound(
            f"iMIS has no IQA at “{path}”, or the background account may not see it.",
            remedy="Choose the IQA anew, or let the account read it in iMIS.",
        )
    shared = found.get("IsAvailableToREST")
    document = found.get("Document") or {}
    columns = [_column(prop) for prop in values(found.get("Properties"))]
    return IqaDefinition(
        path=path,
        name=str(document.get("Name") or path.rsplit("/", 1)[-1]),
        columns=tuple(columns),
        prompts=tuple(_prompt(each) for each in values(found.get("Parameters"))),
        is_shared=shared if isinstance(shared, bool) else None,
    )


async def browse(client: ImisClient, folder: str = "$/") -> list[IqaDocument]:
    """The folders and queries in a folder. Raises ImisNotFound, ImisError.

    Sites take a folder by its path; some take it only by its document ID.
    """
    found = await _in_folder(client, folder)
    if found is None:
        document = await client.execute("DocumentSummary", "FindByPath", string(folder))
        if isinstance(document, dict) and document.get("DocumentId"):
            found = await _in_folder(client, str(document["DocumentId"]))
    if found is None:
        raise ImisNotFound(
            f"iMIS has no folder “{folder}”, or the background account may not see it."
        )
    return documents(found)


async def _in_folder(client: ImisClient, folder: str) -> Json:
    return await client.execute(
        "DocumentSummary",
        "FindDocumentsInFolder",
        string(folder),
        {"$type": "System.String[]", "$values": ["FOL", "IQD"]},
        {"$type": "System.Boolean", "$value": False},
    )


def documents(found: Json) -> list[IqaDocument]:
    """The folders and queries among what a document operation answered."""
    return [
        IqaDocument(
            name=str(item.get("Name", "")),
            path=str(item.get("Path", "")),
            is_folder=bool(item.get("IsFolder")) or item.get("DocumentTypeId") == "FOL",
        )
        for item in values(found)
        if isinstance(item, dict)
    ]


def guess_columns(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> ColumnGuess:
    """Which columns look like the iMIS ID and the mobile number, by name and content."""
    by_name = {re.sub(r"[^a-z ]", "", column.casefold()): column for column in columns}
    id_column = next((by_name[name] for name in _ID_NAMES if name in by_name), None)
    phone_column = next(
        (
            column
            for word in _PHONE_WORDS
            for column in columns
            if word in column.casefold() and column != id_column
        ),
        None,
    )
    if phone_column is None:
        phone_column = next(
            (column for column in columns if column != id_column and _looks_phone(column, rows)),
            None,
        )
    return ColumnGuess(id_column, phone_column)


def audience_columns(definition: IqaDefinition, page: IqaPage) -> tuple[str, ...]:
    """The columns that a campaign can use, in their order.

    The definition knows those that are empty in these rows. What it names without an alias may
    come under another name, and then holds nothing.
    """
    renamed = bool(_nameless(definition, page))
    defined = [
        column.name
        for column in definition.columns
        if column.has_alias or not renamed or column.name in page.columns
    ]
    return tuple(dict.fromkeys([*defined, *page.columns]))


def check_audience_columns(definition: IqaDefinition, page: IqaPage) -> list[str]:
    """What keeps a query from being a good audience, each as a sentence with the remedy."""
    problems = [*_about_aliases(definition, page)]
    names = page.columns or tuple(column.name for column in definition.columns)
    guess = guess_columns(names, page.rows)
    if guess.id_column is None:
        problems.append("No column looks like the iMIS ID. Add it to the IQA with the alias ID.")
    if guess.phone_column is None:
        problems.append(
            "No column looks like a mobile number. Add it to the IQA with the alias MobilePhone."
        )
    if page.total == 0:
        problems.append("The IQA returns nobody at present.")
    return problems


def _about_aliases(definition: IqaDefinition, page: IqaPage) -> Iterator[str]:
    if definition.is_shared is False:
        yield f"The IQA is not given to programs outside iMIS. {_SHARE_IT}"
    nameless = _nameless(definition, page)
    without_alias = [column.name for column in definition.columns if not column.has_alias]
    if nameless:
        yield (
            f"iMIS calls columns without an alias Item, Item1 and so on, by their place: "
            f"{', '.join(nameless)} here. After a change of the IQA another column may have that "
            f"name. {_ALIAS_REMEDY}"
        )
    elif without_alias:
        yield f"These columns have no alias: {', '.join(without_alias)}. {_ALIAS_REMEDY}"
    titles = Counter(column.name.casefold() for column in definition.columns)
    doubled = [column.name for column in definition.columns if titles[column.name.casefold()] > 1]
    if doubled:
        yield (
            f"Two columns have the same alias: {', '.join(sorted(set(doubled)))}. Only one of "
            "them may arrive here. Give each an alias of its own on the Display tab of the IQA."
        )


def _nameless(definition: IqaDefinition, page: IqaPage) -> list[str]:
    """Columns of the rows that iMIS named itself."""
    aliases = {column.name for column in definition.columns if column.has_alias}
    return [name for name in page.columns if name not in aliases and _NAMELESS.fullmatch(name)]


def _page(answer: Any, offset: int) -> IqaPage:
    # An answer that cannot be read must not pass for a query that returns nobody.
    if not isinstance(answer, dict) or "Items" not in answer:
        raise ImisNotImis(
            "iMIS answers for the IQA in a way that is not known here.",
            remedy="Run the IQA in iMIS to see whether it works there.",
        )
    rows = [_row(item) for item in values(answer["Items"]) if isinstance(item, dict)]
    columns: dict[str, None] = {}
    for row in rows:
        columns.update(dict.fromkeys(row))
    total = int(answer.get("TotalCount") or 0)
    end = offset + len(rows)
    has_next = bool(answer.get("HasNext")) or total > end
    if has_next and not rows:
        raise ImisUnavailable(f"iMIS has rows after the first {offset:,}, but does not send them.")
    return IqaPage(
        rows=rows,
        offset=offset,
        total=total,
        next_offset=end if has_next else None,
        columns=tuple(columns),
    )


def _row(item: dict[str, Any]) -> dict[str, object]:
    """A row of either shape: flat with column titles as keys, or a bag of properties."""
    if "Properties" in item:
        return {name: value for name, value in properties(item).items() if name != "ResultRow"}
    return {name: plain(value) for name, value in item.items() if name != "$type"}


def _column(prop: dict[str, Any]) -> IqaColumn:
    alias = str(prop.get("Alias") or "")
    title = alias or str(prop.get("Caption") or prop.get("PropertyName") or prop.get("Name") or "")
    return IqaColumn(title, str(prop.get("DataTypeName") or "String"), has_alias=bool(alias))


def _prompt(parameter: dict[str, Any]) -> IqaPrompt:
    name = str(parameter.get("PropertyName") or parameter.get("Prompt") or "")
    label = str(parameter.get("Prompt") or name)
    return IqaPrompt(name, label, is_required=bool(parameter.get("IsRequired")))


def _looks_phone(column: str, rows: Sequence[Mapping[str, object]]) -> bool:
    found = [str(row.get(column) or "") for row in rows]
    fitting = [text for text in found if len(re.sub(r"\D", "", text)) >= _TEN_DIGITS]
    return bool(fitting) and len(fitting) * 2 > len([text for text in found if text])
