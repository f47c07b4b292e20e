"""A choice among hundreds, such as the time zones of the world."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(forms.Select):
    """Looks like any other. Its options are put together once: a template for each takes long."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: Any = None,  # noqa: ARG002 - no template is rendered
    ) -> SafeString:
        of_select = flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})}))
        options = _options(tuple(self.choices), "" if value is None else str(value))
        return format_html("<select{}>{}</select>", of_select, options)


@lru_cache(maxsize=16)
def _options(choices: Iterable[tuple[Any, Any]], chosen: str) -> SafeString:
    return format_html_join(
        "\n",
        '<option value="{}"{}>{}</option>',
        ((value, " selected" if str(value) == chosen else "", label) for value, label in choices),
    )
