"""What browsers send as text."""

from __future__ import annotations

import pytest

from textmanager.config.typed import LARGEST, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("17", 17),
        (str(LARGEST), LARGEST),
        ("9999999999", LARGEST),
        ("99999999999", None),
        ("9" * 5000, None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_is_read_and_anything_else_is_none(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number
