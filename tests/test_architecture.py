"""The arrows of the house, and the habits that keep it easy to find one's way in."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "textmanager"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 400
# What a package may import of ours; a package that is not named here may import all of them.
ALLOWED = {
    "text": {"text"},
    "schedule": {"schedule"},
    "gateway": {"gateway", "text"},
    "imis": {"imis", "text"},
    "sandbox": {"sandbox", "text"},
}
PURE = {"text", "schedule"}
# What reaches out of the process. Not pathlib: a table may rest in a file beside its module.
OUTSIDE = {"aiohttp", "asyncio", "os", "psycopg", "requests", "socket", "twilio", "urllib"}
FRAMEWORKS = {"django", "procrastinate", "psycopg"}
DOMAIN = ("organizations", "campaigns", "runs", "replies", "dashboard")
# Modules of an app that hold its tables.
HOLDING_TABLES = ("models", "tallies")
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "services", "base", "manager"}


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Dotted names of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in MODULES if package_of(path) in ALLOWED], ids=ids)
def test_arrows_point_inwards(path: Path) -> None:
    package = package_of(path)
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "textmanager":
            assert rest[0] in ALLOWED[package], f"{package} may not know {name}"
        assert first not in FRAMEWORKS, f"{package} may not know {name}"
        if package in PURE:
            assert first not in OUTSIDE, f"{package} may not know {name}"


def test_every_package_is_looked_at() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages == {*ALLOWED, *DOMAIN, "commands", "config"}


def test_organizations_know_no_other_app() -> None:
    known = {name for path in MODULES if package_of(path) == DOMAIN[0] for name in imports(path)}
    others = tuple(f"textmanager.{app}" for app in DOMAIN[1:])
    assert not [name for name in known if name.startswith(others)]


def test_the_sandboxes_are_known_to_commands_alone() -> None:
    knowing = {
        package_of(path)
        for path in MODULES
        if any(name.startswith("textmanager.sandbox") for name in imports(path))
    }
    assert knowing == {"sandbox", "commands"}


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_tables_are_asked_for_by_their_own_app_alone(path: Path) -> None:
    """Everybody else goes by the functions of that app. An empty queryset asks for nothing."""
    asked = re.findall(r"\b(\w+)\.objects\b(?!\.none\(\))", path.read_text(encoding="utf-8"))
    foreign = set().union(*(models_of(app) for app in DOMAIN if app != package_of(path)))
    assert not foreign & set(asked)


def models_of(app: str) -> set[str]:
    files = [path for path in (SOURCE / app).glob("*.py") if path.stem.endswith(HOLDING_TABLES)]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_a_module_has_one_job(path: Path) -> None:
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=ids)
def test_what_silences_a_check_says_why(path: Path) -> None:
    comment = re.compile(r"#\s*(?:noqa|type:\s*ignore)[^#\n]*(.*)$")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = comment.search(line) if path != Path(__file__) else None
        if found and " - " not in found.group(0):
            assert found.group(1).strip(), f"line {number} does not say why: {line.strip()}"


def test_nothing_prints_but_commands() -> None:
    for path in MODULES:
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in calls, path


@pytest.mark.django_db
def test_the_migrations_make_what_the_models_say() -> None:
    said = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes" in said.getvalue()
