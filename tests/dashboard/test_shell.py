"""The frame of every page: where one is, how it looks, and the pages of what went wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client

from textmanager.organizations.models import User
from textmanager.runs.models import Run

LIGHT_ENOUGH = 200_000


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("/", "Home"),
        ("/campaigns/", "Campaigns"),
        ("/replies/", "Replies"),
        ("/opt-outs/", "Opt-outs"),
        ("/settings/", "Settings"),
    ],
)
def test_the_navigation_says_where_one_is(desk: Client, path: str, area: str) -> None:
    html = desk.get(path).content.decode()
    here = re.findall(r'aria-current="page">.*?<span class="name">([^<]+)', html)
    assert here == [area]


def test_a_run_belongs_to_the_campaigns(desk: Client, run: Run) -> None:
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert re.search(r'href="/campaigns/" aria-current="page"', html)


def test_settings_are_for_administrators(bob: User, client: Client) -> None:
    client.force_login(bob)
    assert "/settings/" not in client.get("/help/").content.decode()


@pytest.mark.parametrize(
    ("cookies", "written"),
    [
        ({}, '<html lang="en">'),
        ({"theme": "dark"}, '<html lang="en" data-theme="dark">'),
        (
            {"theme": "light", "nav": "folded"},
            '<html lang="en" data-theme="light" data-nav="folded">',
        ),
        ({"theme": "auto", "nav": "open"}, '<html lang="en">'),
        ({"theme": '"><script>', "nav": "x"}, '<html lang="en">'),
    ],
)
def test_how_a_person_likes_it_is_in_the_page_from_the_start(
    desk: Client, cookies: dict[str, str], written: str
) -> None:
    desk.cookies.load(cookies)
    assert written in desk.get("/help/").content.decode()


def test_a_first_visit_loads_little_even_uncompressed(desk: Client) -> None:
    answer = desk.get("/")
    files = re.findall(r'(?:href|src)="/static/([^"]+)"', answer.content.decode())
    assert {"textmanager.css", "components.css", "shell.css", "home.css"} <= set(files)
    found = [finders.find(name) for name in set(files)]
    weight = sum(Path(str(path)).stat().st_size for path in found)
    assert weight + len(answer.content) < LIGHT_ENOUGH


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
def test_what_went_wrong_is_told_with_a_way_back(name: str) -> None:
    html = render_to_string(name, {"exception": "This needs the role Author; yours is Viewer."})
    assert '<a class="button" href="/">Home</a>' in html
    assert html.count("<h1>") == 1


def test_a_page_that_fails_says_so_without_asking_anything(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("textmanager.dashboard.views.home_of", broken)
    client.force_login(alice)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_a_wrong_address_leads_home(client: Client) -> None:
    answer = client.get("/nothing/here/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
