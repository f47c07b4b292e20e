"""Reads an IQA for the form: its columns, a first look at it, and all of its rows."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

from django.core.cache import cache

from textmanager.config.bridge import wait_for
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.iqa import (
    IqaDefinition,
    IqaPrompt,
    PromptAnswers,
    audience_columns,
    browse,
    check_audience_columns,
    describe,
    fetch_page,
    guess_columns,
)
from textmanager.imis.pages import read_pages
from textmanager.organizations.connections import NotConnected, imis_client

# Long enough to write a message by, short enough that the figures are of today.
SECONDS_TO_REMEMBER = 120
# A form's figures are not worth holding a web process for; a run has no such limit.
MOST_ROWS = 50_000
MOST_FOLDERS = 40

T = TypeVar("T")


class AudienceUnavailable(Exception):
    """The IQA cannot be read; the message says why, in words for staff."""


@dataclass(frozen=True)
class FirstLook:
    """What choosing an IQA tells at once.

    `types` are iMIS's names (String, DateTime, Decimal, Int32, Boolean, …) of the columns that
    the definition knows.
    """

    columns: tuple[str, ...]
    sample: dict[str, object]
    id_column: str
    phone_column: str
    problems: tuple[str, ...]
    prompts: tuple[IqaPrompt, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Audience:
    """All rows of an IQA, in its order. `total` is what iMIS says; rows may be fewer when large."""

    columns: tuple[str, ...]
    total: int
    rows: list[dict[str, object]]


def first_look(
    organization_id: int, path: str, answers: Mapping[str, str] | None = None
) -> FirstLook:
    """Columns, a sample, prompts and problems of the IQA at `path`. Raises AudienceUnavailable.

    `answers` are those of its prompts, by their names. While one that the IQA insists on is
    missing there is no sample: it cannot be run.
    """
    given = answers or {}
    key = json.dumps([path, sorted(given.items())])
    return remembered("look", organization_id, key, functools.partial(_look, path, given))


def whole_audience(
    organization_id: int, path: str, answers: PromptAnswers = (), *, fresh: bool = False
) -> Audience:
    """Every row of the IQA at `path`, as of at most two minutes ago, or of now if `fresh`.

    Raises AudienceUnavailable.
    """
    key = json.dumps([path, list(answers)])
    read = functools.partial(_pull, path, answers)
    return remembered("rows", organization_id, key, read, fresh=fresh)


def known_queries(organization_id: int) -> list[str]:
    """Paths of the IQAs to offer; empty when iMIS does not list them."""
    try:
        return remembered("tree", organization_id, "$/", functools.partial(_paths, "$/"))
    except AudienceUnavailable:
        return []


def remembered(
    kind: str,
    organization_id: int,
    asked: str,
    read: Callable[[ImisClient], Coroutine[object, object, T]],
    *,
    fresh: bool = False,
) -> T:
    """What `read` finds in the organization's iMIS, or found at most two minutes ago.

    `kind` and `asked` tell one question from another. Raises AudienceUnavailable.
    """
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"audience:{kind}:{organization_id}:{digest}"
    known: T | None = None if fresh else cache.get(key)
    if known is not None:
        return known
    try:
        client = imis_client(organization_id)
        found = wait_for(_with_client(client, read))
    except (ImisError, NotConnected) as error:
        raise AudienceUnavailable(str(error)) from error
    cache.set(key, found, SECONDS_TO_REMEMBER)
    return found


async def _with_client(
    client: ImisClient, read: Callable[[ImisClient], Coroutine[object, object, T]]
) -> T:
    async with client:
        return await read(client)


async def _look(path: str, given: Mapping[str, str], client: ImisClient) -> FirstLook:
    definition = await describe(client, path)
    answers = [(prompt.name, given.get(prompt.name, "")) for prompt in definition.prompts]
    unanswered = [
        prompt.label
        for prompt in definition.prompts
        if prompt.is_required and not given.get(prompt.name)
    ]
    if unanswered:
        return _before_it_runs(definition, unanswered)
    page = await fetch_page(client, path, offset=0, limit=20, answers=answers)
    columns = audience_columns(definition, page)
    guess = guess_columns(columns, page.rows)
    return FirstLook(
        columns=columns,
        sample=page.rows[0] if page.rows else {},
        id_column=guess.id_column or "",
        phone_column=guess.phone_column or "",
        problems=tuple(check_audience_columns(definition, page)),
        prompts=definition.prompts,
        types={column.name: column.data_type for column in definition.columns},
    )


def _before_it_runs(definition: IqaDefinition, unanswered: Sequence[str]) -> FirstLook:
    columns = tuple(dict.fromkeys(column.name for column in definition.columns))
    guess = guess_columns(columns, [])
    return FirstLook(
        columns=columns,
        sample={},
        id_column=guess.id_column or "",
        phone_column=guess.phone_column or "",
        problems=(f"The IQA asks for: {', '.join(unanswered)}. Answer it below.",),
        prompts=definition.prompts,
        types={column.name: column.data_type for column in definition.columns},
    )


async def _pull(path: str, answers: PromptAnswers, client: ImisClient) -> Audience:
    rows: list[dict[str, object]] = []
    columns: tuple[str, ...] = ()
    total = 0
    pages = read_pages(client, path, answers=answers, most_rows=MOST_ROWS)
    async with aclosing(pages):
        async for page in pages:
            rows.extend(page.rows)
            columns, total = columns or page.columns, page.total
    return Audience(columns=columns, total=total, rows=rows)


async def _paths(folder: str, client: ImisClient) -> list[str]:
    """Every IQA below a folder, breadth first, within bounds that a large site cannot exceed."""
    found: list[str] = []
    folders = [folder]
    for _ in range(MOST_FOLDERS):
        if not folders:
            break
        for document in await browse(client, folders.pop(0)):
            (folders if document.is_folder else found).append(document.path)
    return sorted(found)
