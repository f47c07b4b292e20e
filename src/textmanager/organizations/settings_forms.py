"""The forms of the settings pages."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from textmanager.organizations.models import Organization, Receiving, Sender
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
        help_text="Never shown; empty keeps the one that is there. Twilio signs what it tells us "
        "with it: without one we ask Twilio for receipts and replies every minute instead.",
    )
    receiving = forms.ChoiceField(
        label="Receipts and replies come in",
        choices=Receiving.choices,
        initial=Receiving.AUTOMATIC,
        required=False,
    )
    api_key_sid = forms.RegexField(
        r"^SK[0-9a-fA-F]{32}$",
        label="API key SID",
        required=False,
        error_messages={"invalid": "An API key SID is SK and 32 digits or letters a to f."},
        help_text="Signs in instead of the auth token, and can be withdrawn by itself. Empty: "
        "none.",
    )
    api_key_secret = forms.CharField(
        label="API key secret",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown; empty keeps the one that is there.",
    )
    test_account_sid = forms.RegexField(
        r"^AC[0-9a-fA-F]{32}$",
        label="Test account SID",
        required=False,
        error_messages={"invalid": "A test account SID is AC and 32 digits or letters a to f."},
        help_text="Twilio then checks each number and text of a TEST run; it can neither send nor "
        "cost anything. Empty: TEST runs are checked here alone.",
    )
    test_auth_token = forms.CharField(
        label="Test auth token",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown; empty keeps the one that is there.",
    )
    secondary_token = forms.CharField(
        label="Secondary auth token",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Only while you change tokens at Twilio: enter it here before you promote it.",
    )

    def clean_receiving(self) -> str:
        return str(self.cleaned_data["receiving"] or Receiving.AUTOMATIC)


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
