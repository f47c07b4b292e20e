"""Every page, found by walking the addresses: right for each of us, light, and few questions."""

from __future__ import annotations

import re
from typing import Any

import pytest
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


def sample(full: Full) -> dict[str, Any]:
    """A value for each parameter that an address takes."""
    return {
        "campaign_id": full.campaign.pk,
        "run_id": full.run.pk,
        "conversation_id": full.conversation.pk,
        "number": full.opt_out.number,
        "sender_id": full.sender.pk,
        "membership_id": full.membership.pk,
        "invitation_id": full.invitation.pk,
        "count_id": full.count.pk,
        "reason": fullness.REASON,
        "text_id": full.test_text.pk,
    }


@pytest.fixture
def full(organization: Organization) -> Full:
    made = fullness.begin(organization)
    fullness.grow(made, range(FEW))
    return made


def address(name: str, full: Full) -> str:
    values = sample(full)
    missing = EVERY[name] - values.keys()
    assert not missing, f"{name} takes {missing}: give a sample in this file."
    return reverse(name, kwargs={key: values[key] for key in EVERY[name]})


def visit(client: Client, name: str, full: Full) -> Any:
    return client.get(address(name, full), QUERIES.get(name, {}))


def content(answer: Any) -> str:
    return b"".join(answer).decode()


def test_the_table_names_only_what_there_is() -> None:
    assert set(PAGES) <= set(EVERY)
    assert set(QUERIES) | FILES | FRAGMENTS <= set(PAGES)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_in_the_table_of_pages_is_no_page(
    full: Full, alice: User, client: Client, name: str
) -> None:
    client.force_login(alice)
    answer = client.get(address(name, full))
    assert answer.status_code == 405, f"{name} answers a GET: enter it in PAGES."


@EACH_PAGE
def test_alice_sees_it(full: Full, alice: User, client: Client, name: str) -> None:
    client.force_login(alice)
    assert visit(client, name, full).status_code == 200


@EACH_PAGE
def test_bob_sees_what_a_viewer_may(full: Full, bob: User, client: Client, name: str) -> None:
    client.force_login(bob)
    wanted = 200 if PAGES[name] == Role.VIEWER else 403
    assert visit(client, name, full).status_code == wanted


@EACH_PAGE
def test_charlie_sees_nothing_of_ours(full: Full, charlie: User, client: Client, name: str) -> None:
    client.force_login(charlie)
    answer = visit(client, name, full)
    assert answer.status_code == (404 if EVERY[name] else 200)
    assert fullness.WORDS not in content(answer)


@EACH_PAGE
def test_nobody_else_sees_it(full: Full, client: Client, name: str) -> None:
    answer = visit(client, name, full)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


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


@EACH_PAGE
def test_its_html_is_right(full: Full, alice: User, client: Client, name: str) -> None:
    client.force_login(alice)
    fullness.grow(full, range(FEW, 12))
    answer = visit(client, name, full)
    if not answer.headers["Content-Type"].startswith("text/html"):
        pytest.skip("Not HTML.")
    html = content(answer)
    assert not problems_of(html, of_a_whole_page="<!doctype" in html)


@pytest.mark.django_db
def test_the_html_of_the_door_is_right(client: Client) -> None:
    assert not problems_of(content(client.get("/sign-in/")), of_a_whole_page=True)


@pytest.mark.parametrize("name", sorted(set(PAGES) - FILES))
def test_it_is_light_at_the_first_visit(full: Full, alice: User, client: Client, name: str) -> None:
    """Uncompressed, which is more than what travels."""
    client.force_login(alice)
    fullness.grow(full, range(FEW, MANY))
    html = content(visit(client, name, full))
    parts = {"the page": len(html.encode())}
    for asset in set(re.findall(r'(?:src|href)="(/static/[^"#]+)"', html)):
        parts[asset] = len(client.get(asset).content)
    assert sum(parts.values()) < HEAVIEST, parts
