"""What forms say of a value that does not fit, in the words of who typed it."""

from __future__ import annotations

from typing import Any

from django.forms import Field

# By the codes of Django's validators, with their parameters.
WORDS = {
    "min_value": "Enter %(limit_value)s or more.",
    "max_value": "Enter %(limit_value)s or less.",
    "max_length": "Enter at most %(limit_value)s characters; these are %(show_value)s.",
    "required": "Fill this in.",
}


class InPlainWords:
    """A form whose fields say what to enter. What a field says of its own stays."""

    fields: dict[str, Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            for code, words in WORDS.items():
                if field.error_messages.get(code) == Field.default_error_messages.get(code):
                    field.error_messages[code] = words
