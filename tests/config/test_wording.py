"""Forms say what to enter."""

from __future__ import annotations

import pytest
from django import forms

from textmanager.config.wording import InPlainWords


class Example(InPlainWords, forms.Form):
    times = forms.IntegerField(min_value=1, max_value=99)
    name = forms.CharField(max_length=5, error_messages={"required": "Give it a name."})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"times": "0", "name": "Dues"}, {"times": ["Enter 1 or more."]}),
        ({"times": "100", "name": "Dues"}, {"times": ["Enter 99 or less."]}),
        ({"times": "two", "name": "Dues"}, {"times": ["Enter a whole number."]}),
        ({"name": ""}, {"times": ["Fill this in."], "name": ["Give it a name."]}),
        (
            {"times": "1", "name": "Meeting"},
            {"name": ["Enter at most 5 characters; these are 7."]},
        ),
        ({"times": "1", "name": "Dues"}, {}),
    ],
)
def test_a_form_says_what_to_enter(typed: dict[str, str], said: dict[str, list[str]]) -> None:
    assert Example(typed).errors == said
