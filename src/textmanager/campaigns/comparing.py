"""Shows what differs between what one person typed and what another has saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from textmanager.campaigns.forms import CampaignForm


@dataclass(frozen=True)
class Difference:
    """One field that two people left different, in the words of the form."""

    label: str
    yours: str
    theirs: str


def differences(saved: CampaignForm, typed: Mapping[str, Any]) -> list[Difference]:
    """Where `typed` is not what `saved`, the form of the campaign as it is now, holds."""
    found = []
    for name, field in saved.fields.items():
        if name == "version" or name not in typed:
            continue
        yours = shown(field, typed[name])
        theirs = shown(field, saved[name].value())
        if yours != theirs:
            found.append(Difference(str(field.label), yours or "nothing", theirs or "nothing"))
    return found


def shown(field: forms.Field, value: Any) -> str:
    """A field's value as the page shows it: the words of a choice, not its key."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(shown(field, each) for each in value)
    widget = field.widget
    if isinstance(widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple):
        words = {str(key): str(label) for key, label in widget.choices}
        return words.get(str(value), str(value))
    written = (
        widget.format_value(value)
        if isinstance(widget, forms.DateInput | forms.TimeInput)
        else value
    )
    return str(written).replace("\r\n", "\n").strip()
