"""Every page, found by walking the addresses: right for each of us, light, and few questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import fullness
from addresses import (
    ANYBODY,
    FILES,
    FRAGMENTS,
    PAGES,
    QUERIES,
    SHOWING_NOTHING,
    SIGNED_IN,
    every_address,
)
from fullness import Full
from markup import problems_of
from textmanager.organizations.models import Organization, Role, User

MOST_QUERIES = 12
HEAVIEST = 200_000
FEW, MANY = 3, 30

EVERY = every_address()
OTHERS = sorted(set(EVERY) - set(PAGES) - ANYBODY - SIGNED_IN - SHOWING_NOTHING)
EACH_PAGE = pytest.mark.parametrize("name", sorted(PAGES))


# Where the usual sample is not what the page is about.
OF_ANOTHER_THING: dict[str, Callable[[Full], dict[str, Any]]] = {
    "campaigns:run-now": lambda full: {"campaign_id": full.idle.pk},
    "runs:resume": lambda full: {"run_id": full.held.pk},
    "runs:try-again": lambda full: {"run_id": full.ended.pk},
    "runs:report": lambda full: {"run_id": full.ended.pk},
    "runs:report-frame": lambda full: {"run_id": full.ended.pk},
}


def sample(name: str, full: Full) -> dict[str, Any]:
    """A value for each parameter that an address takes."""
    return {
        "campaign_id": full.campaign.pk,
        "run_id": full.run.pk,
        "conversation_id": full.conversation.pk,
        "number": full.opt_out.number,
        "message_number": 0,
        "sender_id": full.sender.pk,
        "membership_id": full.membership.pk,
        "invitation_id": full.invitation.pk,
        "count_id": full.count.pk,
        "import_id": full.opt_out_import.pk,
        "reason": fullness.REASON,
        "text_id": full.test_text.pk,
        "mail_id": full.report.pk,
        **OF_ANOTHER_THING.get(name, lambda _: {})(full),
    }


@pytest.fixture
def full(organization: Organization) -> Full:
    made = fullness.begin(organization)
    fullness.grow(made, range(FEW))
    return made


def address(name: str, full: Full) -> str:
    values = sample(name, full)
    missing = EVERY[name] - values.keys()
    assert not missing, f"{name} takes {missing}: give a sample in this file."
    return reverse(name, kwargs={key: values[key] for key in EVERY[name]})


def visit(client: Client, name: str, full: Full) -> Any:
    return client.get(address(name, full), QUERIES.get(name, {}))


def content(answer: Any) -> str:
    """All of it, of a file that is handed out row by row too."""
    if not getattr(answer, "is_async", False):
        return b"".join(answer).decode(errors="replace")

    async def whole() -> bytes:
        return b"".join([part async for part in answer])

    return async_to_sync(whole)().decode(errors="replace")


def test_the_table_names_only_what_there_is() -> None:
    assert set(PAGES) <= set(EVERY)
    assert set(QUERIES) | FILES | FRAGMENTS <= set(PAGES)


def test_what_is_not_in_the_table_of_pages_is_no_page(
    full: Full, alice: User, client: Client
) -> None:
    client.force_login(alice)
    answers = {name: client.get(address(name, full)).status_code for name in OTHERS}
    pages = [name for name, status in answers.items() if status != 405]
    assert not pages, f"These answer a GET: enter them in tests/addresses.py. {pages}"


@EACH_PAGE
def test_it_is_for_those_alone_who_may_see_it(
    full: Full, alice: User, bob: User, charlie: User, *, client: Client, name: str
) -> None:
    nobody = visit(client, name, full)
    assert nobody.status_code == 302
    assert nobody.headers["Location"].startswith("/sign-in/")
    client.force_login(alice)
    assert visit(client, name, full).status_code == 200
    client.force_login(bob)
    assert visit(client, name, full).status_code == (200 if PAGES[name] == Role.VIEWER else 403)
    client.force_login(charlie)
    strange = visit(client, name, full)
    assert strange.status_code == (404 if EVERY[name] else 200)
    assert fullness.WORDS not in content(strange)


@EACH_PAGE
def test_it_asks_few_questions_and_no_more_of_them_for_more_rows(
    full: Full, alice: User, client: Client, name: str
) -> None:
    client.force_login(alice)
    few = questions(client, name, full)
    fullness.grow(full, range(FEW, MANY))
    many = questions(client, name, full)
    listed = "\n".join(many)
    assert len(many) <= MOST_QUERIES, f"{len(many)} questions:\n{listed}"
    assert len(many) <= len(few), f"{len(few)} grew to {len(many)}:\n{listed}"


def questions(client: Client, name: str, full: Full) -> list[str]:
    """The SQL of one visit, with nothing remembered from another."""
    cache.clear()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = visit(client, name, full)
        content(answer)
    assert answer.status_code == 200
    said = [query["sql"] for query in asked.captured_queries]
    return [sql for sql in said if not re.match(r"SAVEPOINT|RELEASE", sql)]


@pytest.mark.parametrize("name", sorted(set(PAGES) - FILES))
def test_its_html_is_right_and_it_is_light_at_the_first_visit(
    full: Full, alice: User, client: Client, name: str
) -> None:
    """Weighed uncompressed, which is more than what travels."""
    client.force_login(alice)
    fullness.grow(full, range(FEW, MANY))
    html = content(visit(client, name, full))
    assert not problems_of(html, of_a_whole_page="<!doctype" in html)
    parts = {"the page": len(html.encode())}
    for asset in set(re.findall(r'(?:src|href)="(/static/[^"#]+)"', html)):
        parts[asset] = len(client.get(asset).content)
    assert sum(parts.values()) < HEAVIEST, parts


@pytest.mark.django_db
def test_the_html_of_the_door_is_right(client: Client) -> None:
    assert not problems_of(content(client.get("/sign-in/")), of_a_whole_page=True)
