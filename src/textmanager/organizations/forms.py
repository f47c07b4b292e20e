"""The sign-in form."""

from __future__ import annotations

from django import forms

from textmanager.config.wording import InPlainWords


class SignInForm(InPlainWords, forms.Form):
    cloud_id = forms.CharField(
        label="Cloud ID",
        required=False,
        max_length=50,
        help_text="The short name of your organization's iMIS. "
        "Leave it empty for a local account, such as one you were invited to by mail.",
    )
    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
    )
