"""Brings a form back that was sent after its session had ended.

What was typed waits in the new session, for the person whose form it was: the form carries their
name, signed. Whoever else signs in at that browser does not see it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from textmanager.campaigns.form_values import typed_in
from textmanager.organizations.models import User

P = ParamSpec("P")

SESSION_KEY = "form_of_ended_session"
_SALT = "textmanager.campaigns.form"
# Time to sign in again, not more.
SECONDS_TO_SIGN_IN = 60 * 60
SECONDS_A_FORM_LIVES = 7 * 24 * 60 * 60


def person_token(user: User) -> str:
    """Whose form it is, for a hidden field."""
    return signing.dumps(user.pk, salt=_SALT)


def keeps_what_was_typed(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Lets a form that arrives without a session come back after sign-in."""

    @functools.wraps(view)
    def kept(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated:
            _keep(request)
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", kept)


def _keep(request: HttpRequest) -> None:
    try:
        person = signing.loads(
            request.POST.get("person", ""), salt=_SALT, max_age=SECONDS_A_FORM_LIVES
        )
    except signing.BadSignature:
        return
    request.session[SESSION_KEY] = {
        "person": person,
        "path": request.path,
        "typed": typed_in(request.POST),
        "form_id": request.POST.get("form_id", ""),
        "version": request.POST.get("version", ""),
    }
    request.session.set_expiry(SECONDS_TO_SIGN_IN)


def take_kept_form(request: HttpRequest) -> dict[str, Any] | None:
    """What was sent to this address before the session ended, once; None without any.

    A mapping of `typed`, `form_id` and `version`.
    """
    kept: dict[str, Any] | None = request.session.get(SESSION_KEY)
    if kept is None or kept["path"] != request.path:
        return None
    del request.session[SESSION_KEY]
    request.session.set_expiry(None)
    return kept if kept["person"] == request.user.pk else None
