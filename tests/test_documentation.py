"""The documents keep to what the program has: settings, commands, files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from textmanager.cli import COMMANDS
from textmanager.config.environment import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SETTING_HEADINGS = re.findall(r"^### ([A-Z_]+)$", CONFIGURATION, re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND_LINE = re.compile(r"(?:ExecStart=)?(?:\S*/)?textmanager ([a-z][a-z-]*)")


def section(setting: Setting) -> str:
    """What the page says below the setting's heading."""
    _, _, rest = CONFIGURATION.partition(f"### {setting.name}\n")
    return re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]


def anchor(heading: str) -> str:
    """As GitHub makes it: small letters, no punctuation, dashes for blanks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {anchor(heading) for heading in headings}


def relative_links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_every_setting_has_its_heading_and_no_heading_lacks_its_setting() -> None:
    assert sorted(SETTING_HEADINGS) == sorted(setting.name for setting in SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_told_with_its_default_and_whether_it_is_secret(setting: Setting) -> None:
    first_line = section(setting).strip().splitlines()[0]
    default = f"`{setting.default}`" if setting.default else "empty"
    assert first_line.startswith(f"Default: {default}")
    assert first_line.endswith("Secret.") == setting.secret


def test_every_command_is_listed_and_every_listed_one_exists() -> None:
    listed = re.findall(r"^\| `textmanager ([a-z-]+)` \|", CONFIGURATION, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_commands_that_exist(page: Path) -> None:
    code = re.findall(r"`([^`\n]+)`|^    +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    matches = [COMMAND_LINE.match("".join(span)) for span in code]
    named = {match.group(1) for match in matches if match}
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_targets_that_the_makefile_has(page: Path) -> None:
    targets = set(re.findall(r"^([\w$()./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets |= {target.replace("$(VENV)", ".venv") for target in targets}
    code = re.findall(
        r"`(make [^`\n]+)`|^ +(make .+)$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    for span in code:
        words = shlex.split("".join(span), comments=True)[1:]
        assert {word for word in words if "=" not in word} <= targets


@pytest.mark.parametrize(
    ("page", "target"), list(relative_links()), ids=lambda value: str(value).rsplit("/", 1)[-1]
)
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page: Path, target: str) -> None:
    path, _, fragment = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    assert found.exists()
    assert not fragment or fragment in anchors(found)
