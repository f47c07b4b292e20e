"""The arrows of the house: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import textmanager

PACKAGE = Path(textmanager.__file__).parent
APPS = {"organizations", "campaigns", "runs", "replies"}
PURE = {"text", "schedule"}
# The rooms without Django, each with what it may import of ours besides itself.
WITHOUT_DJANGO: dict[str, set[str]] = {
    "text": set(),
    "schedule": set(),
    "imis": set(),
    "gateway": {"text"},
    "sandbox": {"text"},
}
# What reaches out of the process. Not pathlib: a table may rest in a file beside its module.
OUTSIDE = {"aiohttp", "asyncio", "os", "psycopg", "requests", "socket", "twilio", "urllib"}


def imports(room: str) -> Iterator[tuple[str, str]]:
    """(file, imported module), wherever in the file the import stands."""
    paths = sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / f"{room}.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield path.name, alias.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                for alias in node.names:
                    yield path.name, f"{node.module}.{alias.name}"


def rooms_imported(room: str) -> set[str]:
    ours = {module.split(".")[1] for _, module in imports(room) if module.startswith("textmanager")}
    return ours - {room}


def libraries_imported(room: str) -> set[str]:
    return {module.split(".")[0] for _, module in imports(room)}


@pytest.mark.parametrize("room", WITHOUT_DJANGO)
def test_a_room_without_django_imports_only_what_it_may(room: str) -> None:
    assert rooms_imported(room) <= WITHOUT_DJANGO[room]
    assert "django" not in libraries_imported(room)


@pytest.mark.parametrize("room", PURE)
def test_the_pure_core_reaches_nothing_outside_the_process(room: str) -> None:
    assert not libraries_imported(room) & OUTSIDE


def test_organizations_read_no_other_app() -> None:
    assert not rooms_imported("organizations") & APPS


@pytest.mark.parametrize("room", ["cli", "config", "imis", "gateway", *PURE, *APPS])
def test_the_program_does_not_know_of_the_sandbox(room: str) -> None:
    assert "sandbox" not in rooms_imported(room)


def test_every_room_is_looked_at() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == WITHOUT_DJANGO.keys() | APPS | {"commands", "config"}
