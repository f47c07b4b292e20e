"""The forms of what an organization decides for itself: days, formats, valves, mail, looks."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError

from textmanager.config.long_select import LongSelect
from textmanager.config.wording import InPlainWords
from textmanager.organizations.appearance import OWN_COLOR
from textmanager.organizations.effects import is_wider_than_the_law
from textmanager.organizations.mailing import addresses_in
from textmanager.organizations.models import Organization
from textmanager.schedule.quiet_hours import TextingHours
from textmanager.text.merge import AMOUNT_STYLES, Formats

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and "Etc/" not in zone)
DATE_FORMATS = ("%B %-d, %Y", "%b %-d, %Y", "%B %-d", "%-m/%-d/%Y", "%-d %B %Y", "%Y-%m-%d")
TIME_FORMATS = ("%-I:%M %p", "%H:%M")
EXAMPLE_DAY = dt.date(2026, 6, 30)
EXAMPLE_TIME = dt.time(16, 5)
EXAMPLE_AMOUNTS = (Decimal("1234.5"), Decimal(1234))
# Where associations with iMIS are; whichever one has already is offered besides.
REGIONS = {
    "US": "United States",
    "CA": "Canada",
    "PR": "Puerto Rico",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "AU": "Australia",
    "NZ": "New Zealand",
    "ZA": "South Africa",
    "SG": "Singapore",
    "HK": "Hong Kong",
    "IN": "India",
    "AE": "United Arab Emirates",
}


class EmailList(forms.CharField):
    """Addresses with commas, semicolons or blanks between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return addresses_in(str(value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != list(initial or ()))
        except ValidationError:
            return True


class OrganizationForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES],
        widget=LongSelect,
        help_text="Days begin and end here, and times are shown in it.",
    )
    wider_hours = forms.BooleanField(
        label="Text people outside of 8 AM to 9 PM all the same",
        required=False,
        help_text="In the United States the law forbids it, unless the person has agreed to it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        has = self.instance
        self.fields["region"] = forms.ChoiceField(
            label="Country of numbers without a country code",
            choices=list({**REGIONS, has.region: REGIONS.get(has.region, has.region)}.items()),
            help_text="Numbers that begin with + are read as they are.",
        )
        self.fields["date_format"] = _formats(
            "Dates in texts",
            [(each, Formats(date=each).show(EXAMPLE_DAY)) for each in DATE_FORMATS],
            has.date_format,
        )
        self.fields["time_format"] = _formats(
            "Times in texts",
            [(each, Formats(time=each).show(EXAMPLE_TIME)) for each in TIME_FORMATS],
            has.time_format,
        )
        self.fields["amount_format"] = _formats(
            "Amounts in texts",
            [
                (each, " and ".join(map(Formats(amount=each).show, EXAMPLE_AMOUNTS)))
                for each in AMOUNT_STYLES
            ],
            has.amount_format,
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens, closes = cleaned.get("texting_opens"), cleaned.get("texting_closes")
        if opens is None or closes is None:
            return cleaned
        is_new = {"texting_opens", "texting_closes"} & set(self.changed_data)
        if (
            is_new
            and is_wider_than_the_law(TextingHours(opens, closes))
            and not cleaned.get("wider_hours")
        ):
            self.add_error(
                "wider_hours",
                "These hours are wider than 8 AM to 9 PM. Tick this box if you mean it.",
            )
        return cleaned

    class Meta:
        model = Organization
        fields = (
            "name",
            "time_zone",
            "region",
            "daily_allowance",
            "texting_opens",
            "texting_closes",
            "date_format",
            "time_format",
            "amount_format",
        )
        labels: ClassVar = {
            "name": "Name",
            "daily_allowance": "Segments a day",
            "texting_opens": "Texts leave from",
            "texting_closes": "until",
        }
        help_texts: ClassVar = {
            "name": "Recipients read it in answers to STOP and HELP.",
            "daily_allowance": "What is over goes the next day.",
            "texting_opens": "By the recipient's own clock.",
            "texting_closes": "The law allows 8 AM to 9 PM. The same time twice: at any hour.",
        }
        widgets: ClassVar = {
            "texting_opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "texting_closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }


def _formats(label: str, choices: list[tuple[str, str]], has: str) -> forms.ChoiceField:
    """A choice by what it looks like; one that was set by other means stays choosable."""
    known = {value for value, _ in choices}
    more = [] if has in known else [(has, has)]
    return forms.ChoiceField(label=label, choices=[*more, *choices])


class SafetyForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Organization
        fields = (
            "unusual_times",
            "unusual_least",
            "hold_failure_percent",
            "hold_failure_least",
            "hold_until_opt_outs_read",
            "approve_above",
        )
        labels: ClassVar = {
            "hold_failure_percent": "Pause a run when so many percent fail",
            "hold_failure_least": "once so many texts have an outcome",
            "unusual_times": "Hold an audience of so many times its usual size",
            "unusual_least": "but only from so many contacts",
            "hold_until_opt_outs_read": "Hold LIVE runs until iMIS has told its opt-outs",
            "approve_above": "Ask a second person above so many texts",
        }
        help_texts: ClassVar = {
            "unusual_times": "Usual is the middle of the last five completed runs.",
            "unusual_least": "A small audience may well be ten times larger, or empty, one day.",
            "hold_failure_percent": "0: never.",
            "hold_failure_least": "Counted anew after somebody has let the run go on.",
            "hold_until_opt_outs_read": "Who opted out there might be texted otherwise.",
            "approve_above": "Empty: nobody is asked. 0: before every LIVE run.",
        }


class MailForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    alert_emails = EmailList(
        label="When something needs a hand",
        required=False,
        help_text="iMIS or Twilio do not let us in, a password expires.",
    )
    reply_emails = EmailList(
        label="New replies",
        required=False,
        help_text="What people text back. STOP, START and HELP are not mailed.",
    )
    report_emails = EmailList(
        label="Status reports of new campaigns",
        required=False,
        help_text="Filled into the form of a new campaign; campaigns that are there keep theirs.",
    )

    class Meta:
        model = Organization
        fields = ("alert_emails", "reply_emails", "report_emails")


class AppearanceForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    accent = forms.RegexField(
        r"^#[0-9a-fA-F]{6}$",
        label="Color",
        required=False,
        widget=forms.TextInput(attrs={"type": "color"}),
        error_messages={"invalid": "A color is # and six digits or letters a to f."},
    )

    has_accent = forms.BooleanField(label="Use a color of our own", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["has_accent"] = bool(self.instance.accent)
        # A browser's color field is never empty.
        self.initial["accent"] = self.instance.accent or OWN_COLOR

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "accent" in cleaned:
            cleaned["accent"] = cleaned["accent"].lower() if cleaned["has_accent"] else ""
        return cleaned

    class Meta:
        model = Organization
        fields = ("display_name", "accent")
        labels: ClassVar = {"display_name": "Name on the pages"}
        help_texts: ClassVar = {
            "display_name": "Empty: the organization's whole name. Texts are not changed by it."
        }
