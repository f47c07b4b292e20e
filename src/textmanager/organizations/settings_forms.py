"""The forms of the connections: iMIS, Twilio and its senders."""

from __future__ import annotations

from django import forms

from textmanager.organizations.models import Sender


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
