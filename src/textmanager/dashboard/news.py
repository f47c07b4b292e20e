"""What is new, as the changelog of this installation has it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[3] / "CHANGELOG.md"


@dataclass
class Version:
    """The changes of one version by kind, such as "Added"."""

    name: str
    changes: dict[str, list[str]] = field(default_factory=dict)


@functools.lru_cache(maxsize=1)
def versions() -> list[Version]:
    """The newest first; none where the changelog was not installed."""
    try:
        return read(CHANGELOG.read_text(encoding="utf-8"))
    except OSError:
        return []


def read(text: str) -> list[Version]:
    """Reads a changelog as keepachangelog.com has it, without links and emphasis."""
    found: list[Version] = []
    changes: list[str] = []
    for line in text.splitlines():
        if line.startswith("## "):
            found.append(Version(_plain(line[3:])))
            changes = found[-1].changes.setdefault("", [])
        elif line.startswith("### ") and found:
            changes = found[-1].changes.setdefault(_plain(line[4:]), [])
        elif line.startswith("- ") and found:
            changes.append(_plain(line[2:]))
        elif line.startswith("  ") and changes:
            changes[-1] = f"{changes[-1]} {_plain(line)}"
    return [version for version in found if any(version.changes.values())]


def _plain(markdown: str) -> str:
    without_links = re.sub(r"\[([^\]]+)\](?:\([^)]*\))?", r"\1", markdown)
    return re.sub(r"\*\*|`", "", without_links).strip()
