"""The forms of the people page."""

from __future__ import annotations

from django import forms

from textmanager.config.wording import InPlainWords
from textmanager.organizations.models import Organization, Role


class InviteForm(InPlainWords, forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="It becomes the user name. The link in the mail works once, for seven days.",
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.AUTHOR)


class StaffForm(InPlainWords, forms.Form):
    imis_username = forms.CharField(
        label="User name in iMIS",
        max_length=100,
        help_text="They sign in with their iMIS password. Also lets in whom you removed.",
    )
    staff_role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.AUTHOR)


class StaffRoleForm(InPlainWords, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    staff_role = forms.ChoiceField(
        label="Role of iMIS staff who sign in for the first time",
        # Whoever may administrate is chosen one by one.
        choices=[choice for choice in Role.choices if choice[0] != Role.ADMIN],
    )

    class Meta:
        model = Organization
        fields = ("staff_role",)


class PasswordForm(InPlainWords, forms.Form):
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )
    again = forms.CharField(
        label="Password once more",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError("The two passwords differ.")
        return again


class KnownPasswordForm(InPlainWords, forms.Form):
    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="You have an account here already: enter its password.",
    )
