"""How a TEST run's texts were checked, in words for its page."""

from __future__ import annotations

from textmanager.runs.models import Run


def how_tested(run: Run) -> str:
    """Empty for a LIVE run."""
    if not run.is_test:
        return ""
    if run.tested_with_twilio:
        return (
            "TEST: each number and text was checked here, then by Twilio with the test "
            "credentials, which can send nothing. Opt-outs at Twilio, the sender and the "
            "carriers are not part of it."
        )
    return (
        "TEST: checked here alone: numbers, opt-outs, texting hours, length and encoding. With "
        "test credentials, under Settings, Twilio checks the numbers and texts too."
    )
