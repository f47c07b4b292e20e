"""The guide for staff: its pictures are all there, all used, and not too heavy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
IMAGES = DOCS / "images"
GUIDE = sorted((DOCS / "guide").glob("*.md"))
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
MOST_BYTES = 3_000_000


def pictures(page: Path) -> dict[Path, str]:
    """Each picture of a page, with what it says to somebody who does not see it."""
    found = IMAGE.findall(page.read_text(encoding="utf-8"))
    return {(page.parent / path).resolve(): words for words, path in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_exists_and_is_told_in_words(page: Path) -> None:
    for path, words in pictures(page).items():
        assert path.is_file(), f"{path.name}: run make docs-screenshots"
        assert len(words) > 10, f"{path.name} is not described"


def test_no_picture_lies_there_unused() -> None:
    used = {path for page in PAGES for path in pictures(page)}
    assert {path.resolve() for path in IMAGES.rglob("*.png")} == used


def test_the_pictures_of_the_guide_stay_below_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in (IMAGES / "guide").iterdir()) < MOST_BYTES


def test_the_first_page_of_the_guide_leads_to_all_others() -> None:
    first = DOCS / "guide" / "README.md"
    led_to = set(re.findall(r"\]\(([\w-]+\.md)", first.read_text(encoding="utf-8")))
    assert led_to == {page.name for page in GUIDE} - {first.name}
