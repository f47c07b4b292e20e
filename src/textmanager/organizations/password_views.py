"""A forgotten password: asking for a link, and choosing a new password by it."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from textmanager.config.wording import InPlainWords
from textmanager.organizations import membership, password_reset
from textmanager.organizations.people_forms import PasswordForm
from textmanager.organizations.sign_in import SignInRefused
from textmanager.organizations.views import client_address


class ForgotForm(InPlainWords, forms.Form):
    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        help_text="If you were invited by mail, it is your e-mail address.",
    )


def forgot(request: HttpRequest) -> HttpResponse:
    """Open to everybody; says the same whether there is such an account or not."""
    form = ForgotForm(request.POST or None)
    is_asked = False
    if request.method == "POST" and form.is_valid():
        try:
            password_reset.ask_for_link(**form.cleaned_data, address=client_address(request))
        except SignInRefused as refused:
            form.add_error(None, str(refused))
        else:
            is_asked = True
    context = {"form": form, "is_asked": is_asked, "minutes": password_reset.MINUTES}
    return render(request, "organizations/forgot.html", context, status=403 if form.errors else 200)


@sensitive_post_parameters("password", "again")
def new_password(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Open to whoever holds the link; it works once, and not for long."""
    try:
        user = password_reset.user_of(key, token)
        form = PasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                renewed = password_reset.set_new_password(
                    key, token, password=form.cleaned_data["password"]
                )
            except ValidationError as error:
                form.add_error("password", error)
            else:
                return _signed_in(request, renewed)
    except password_reset.NoLink as refusal:
        context = {"refusal": str(refusal)}
        return render(request, "organizations/new_password.html", context, status=403)
    return render(request, "organizations/new_password.html", {"form": form, "person": user})


def _signed_in(request: HttpRequest, renewed: password_reset.Renewed) -> HttpResponse:
    login(request, renewed.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    if renewed.organization is not None:
        membership.choose(request, renewed.organization)
    return redirect(settings.LOGIN_REDIRECT_URL)
