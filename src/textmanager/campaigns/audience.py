"""Reads an IQA for the form: its columns, a first look at it, and single rows of it."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
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
    check_audience_columns,
    describe,
    fetch_page,
    guess_columns,
)
from textmanager.organizations.connections import NotConnected, imis_client

# Long enough to write a message by, short enough that the figures are of today.
SECONDS_TO_REMEMBER = 120
# A form that asks every second must not wait for the same failure each time.
SECONDS_TO_REMEMBER_FAILURE = 5
AROUND = 20

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
class RowAt:
    """One row of an IQA, None when there is none at that place; `total` is how many there are."""

    row: dict[str, object] | None
    total: int


@dataclass(frozen=True)
class _Failure:
    words: str


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


def row_at(organization_id: int, path: str, answers: PromptAnswers, place: int) -> RowAt:
    """The row at `place`, counted from 0, as of two minutes ago at most.

    Raises AudienceUnavailable.

    iMIS is asked for the rows around it as well: who looks at one person looks at the next.
    """
    first = place - place % AROUND
    key = json.dumps([path, list(answers), first])
    read = functools.partial(_rows_from, path, answers, first)
    rows, total = remembered("rows", organization_id, key, read)
    at = place - first
    return RowAt(rows[at] if at < len(rows) else None, total)


def remembered(
    kind: str,
    organization_id: int,
    asked: str,
    read: Callable[[ImisClient], Coroutine[object, object, T]],
) -> T:
    """What `read` finds in the organization's iMIS, or found at most two minutes ago.

    `kind` and `asked` tell one question from another. Raises AudienceUnavailable.
    """
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"audience:{kind}:{organization_id}:{digest}"
    known: T | _Failure | None = cache.get(key)
    if isinstance(known, _Failure):
        raise AudienceUnavailable(known.words)
    if known is not None:
        return known
    try:
        client = imis_client(organization_id)
        found = wait_for(_with_client(client, read))
    except (ImisError, NotConnected) as error:
        cache.set(key, _Failure(str(error)), SECONDS_TO_REMEMBER_FAILURE)
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


async def _rows_from(
    path: str, answers: PromptAnswers, first: int, client: ImisClient
) -> tuple[list[dict[str, object]], int]:
    page = await fetch_page(client, path, offset=first, limit=AROUND, answers=answers)
    return page.rows, page.total
