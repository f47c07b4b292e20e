"""What an examination of the installation finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at and what was seen; `remedy` tells what to do, empty when all is well.

    After a blocking one there is no sense in looking further. A note is to be known, neither well
    nor to be mended.
    """

    subject: str
    words: str
    remedy: str = ""
    is_blocking: bool = False
    is_note: bool = False

    @property
    def is_ok(self) -> bool:
        return not self.remedy

    def lines(self) -> list[str]:
        if self.is_ok:
            return [f"{'note  ' if self.is_note else 'ok    '} {self.subject}: {self.words}"]
        return [f"TO DO  {self.subject}: {self.words}", f"       {self.remedy}"]
