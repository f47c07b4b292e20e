"""The forms of the connections: iMIS, Twilio and its senders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from textmanager.config.wording import InPlainWords
from textmanager.organizations.models import ImisConnection, Receiving, Sender


class ImisForm(InPlainWords, forms.Form):
    base_url = forms.URLField(label="Address of the iMIS site", assume_scheme="https")
    username = forms.CharField(label="User name of the background account", max_length=150)
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Leave it empty to keep the one that is there.",
    )


class ActivityTypesForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
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


class TwilioForm(InPlainWords, forms.Form):
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


class SenderForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Sender
        fields = ("name", "segments_per_second", "daily_cap", "is_active")
        labels = {  # noqa: RUF012 - as Django wants it
            "name": "Name",
            "segments_per_second": "Segments a second",
            "daily_cap": "Segments a day",
            "is_active": "Campaigns may send from it",
        }
        help_texts = {  # noqa: RUF012 - as Django wants it
            "daily_cap": "Empty for no cap.",
            "is_active": "Once they may not, runs that send from it are held.",
        }
