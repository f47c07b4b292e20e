"""The forms of the settings pages."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from textmanager.organizations.models import ImisConnection, Organization, Sender
from textmanager.text.merge import Formats

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and "Etc/" not in zone)
DATE_FORMATS = ("%B %-d, %Y", "%b %-d, %Y", "%B %-d", "%-m/%-d/%Y", "%-d %B %Y", "%Y-%m-%d")
EXAMPLE_DAY = dt.date(2026, 6, 30)


class EmailList(forms.CharField):
    """Addresses with commas, semicolons or blanks between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        emails = [each for each in re.split(r"[\s,;]+", str(value or "")) if each]
        for email in emails:
            try:
                validate_email(email)
            except ValidationError:
                raise ValidationError(f"{email} is not an e-mail address.") from None
        return emails


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    alert_emails = EmailList(
        label="Mail when something needs a hand",
        required=False,
        help_text="iMIS or Twilio do not let us in, a password expires. Commas between addresses.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES],
        help_text="Days begin and end here, and times are shown in it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        formats = dict.fromkeys([self.instance.date_format, *DATE_FORMATS])
        self.fields["date_format"] = forms.ChoiceField(
            label="How dates are written in texts",
            choices=[(each, Formats(date=each).show_date(EXAMPLE_DAY)) for each in formats],
        )

    class Meta:
        model = Organization
        fields = (
            "name",
            "time_zone",
            "daily_allowance",
            "texting_opens",
            "texting_closes",
            "date_format",
            "alert_emails",
        )
        labels = {  # noqa: RUF012 - as Django wants it
            "name": "Name",
            "daily_allowance": "Segments a day",
            "texting_opens": "Texts leave from",
            "texting_closes": "until",
        }
        help_texts = {  # noqa: RUF012 - as Django wants it
            "daily_allowance": "What is over goes the next day.",
            "texting_opens": "By the recipient's own clock.",
            "texting_closes": "The law allows 8 AM to 9 PM. The same time twice: at any hour.",
        }
        widgets = {  # noqa: RUF012 - as Django wants it
            "texting_opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "texting_closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }


class ImisForm(forms.Form):
    base_url = forms.URLField(label="Address of the iMIS site", assume_scheme="https")
    username = forms.CharField(label="User name of the background account", max_length=150)
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Leave it empty to keep the one that is there.",
    )


class ActivityTypesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = ImisConnection
        fields = ("text_type", "opt_out_type", "came_back_type")
        labels = {  # noqa: RUF012 - as Django wants it
            "text_type": "For each text that was sent",
            "opt_out_type": "For each opt-out",
            "came_back_type": "For each end of an opt-out",
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        names = [cleaned[name] for name in self.Meta.fields if cleaned.get(name)]
        if len(set(names)) < len(names):
            raise ValidationError("Each needs a name of its own.")
        return cleaned

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        if data is not None:
            # iMIS writes them in capital letters.
            data = {name: str(value).strip().upper() for name, value in data.items()}
        super().__init__(data, **kwargs)


class TwilioForm(forms.Form):
    account_sid = forms.RegexField(
        r"^AC[0-9a-fA-F]{32}$",
        label="Account SID",
        error_messages={"invalid": "An account SID is AC and 32 digits or letters a to f."},
    )
    auth_token = forms.CharField(
        label="Auth token",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Leave it empty to keep the one that is there.",
    )
    secondary_token = forms.CharField(
        label="Secondary auth token",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Only while you change tokens at Twilio: enter it here before you promote it.",
    )


class SenderForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Sender
        fields = ("name", "segments_per_second", "daily_cap", "is_active")
        labels = {  # noqa: RUF012 - as Django wants it
            "name": "Name",
            "segments_per_second": "Segments a second",
            "daily_cap": "Segments a day",
            "is_active": "Campaigns may send from it",
        }
        help_texts = {"daily_cap": "Empty for no cap."}  # noqa: RUF012 - as Django wants it
