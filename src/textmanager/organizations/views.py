"""Sign-in, sign-out and the choice of an organization."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from textmanager.config.typed import whole_number
from textmanager.organizations import membership, sign_in
from textmanager.organizations.forms import SignInForm
from textmanager.organizations.models import User


@sensitive_post_parameters("password")
def sign_in_page(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            signed_in = sign_in.sign_in(**form.cleaned_data, address=client_address(request))
        except sign_in.SignInRefused as refused:
            form.add_error(None, str(refused))
        else:
            login(request, signed_in.user, backend=settings.AUTHENTICATION_BACKENDS[0])
            if signed_in.organization is not None:
                membership.choose(request, signed_in.organization)
            return redirect(_next_page(request))
    status = 403 if form.errors else 200
    return render(
        request,
        "organizations/sign_in.html",
        {"form": form, "next": request.GET.get("next", "")},
        status=status,
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGIN_URL)


@login_required
def choose_organization(request: HttpRequest) -> HttpResponse:
    memberships = cast("User", request.user).memberships.select_related("organization")
    if request.method == "POST":
        chosen = whole_number(request.POST.get("organization"))
        own = get_object_or_404(memberships, organization_id=chosen or 0)
        membership.choose(request, own.organization)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(
        request,
        "organizations/choose.html",
        {"memberships": memberships.order_by("organization__name")},
    )


def client_address(request: HttpRequest) -> str:
    """The browser's address; a proxy's word for it counts only when proxies are trusted."""
    if settings.TRUST_PROXY:
        # The last entry is the one that our own proxy added; those before it are the client's
        # claims.
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip()
        if forwarded:
            return str(forwarded)
    return str(request.META.get("REMOTE_ADDR", ""))


def _next_page(request: HttpRequest) -> str:
    wanted = str(request.POST.get("next", ""))
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return str(reverse(settings.LOGIN_REDIRECT_URL))
