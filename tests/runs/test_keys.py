"""Keys carry their time, and nothing that is not one of ours passes for a reference."""

from __future__ import annotations

import time
import uuid
from itertools import count

import pytest

from textmanager.runs.keys import message_reference, parse_reference, time_ordered_uuid


def test_keys_of_the_same_millisecond_are_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    microseconds = count(1_796_217_000_000_000_000, 1_000)
    monkeypatch.setattr(time, "time_ns", lambda: next(microseconds))
    keys = [time_ordered_uuid() for _ in range(2_500)]
    assert keys == sorted(keys)
    assert len({key.int >> 80 for key in keys}) == 3, "milliseconds"
    assert {(key.version, key.variant) for key in keys} == {(7, uuid.RFC_4122)}


def test_a_reference_leads_back_to_its_message() -> None:
    run_id = time_ordered_uuid()
    assert parse_reference(message_reference(run_id, 42)) == (run_id, 42)


@pytest.mark.parametrize("text", ["", "-", "7", "x-1", f"{'0' * 32}-", f"{'0' * 32}-{10**9}"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
