"""An append-only journal of JSON lines, so that a sandbox remembers across restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO


class Journal:
    """Records of one sandbox. With path None nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def append(self, record: dict[str, Any]) -> None:
        """Adds a record and hands it to the operating system, so that a kill loses none."""
        if self._path is None:
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _end_torn_line(self._path)
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(json.dumps(record, separators=(",", ":")) + "\n")
        self._file.flush()

    def replay(self) -> Iterator[dict[str, Any]]:
        """Every whole record, oldest first; a line torn by a kill is passed over."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                yield record

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _end_torn_line(path: Path) -> None:
    """Puts the next record on a line of its own after a write that was cut."""
    if path.exists() and (text := path.read_bytes()) and not text.endswith(b"\n"):
        path.write_bytes(text + b"\n")
