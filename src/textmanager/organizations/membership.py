"""Ties a request to one organization and to what its person may do there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from textmanager.organizations.models import Membership, Organization, Role, User
from textmanager.organizations.people import note_seen

P = ParamSpec("P")
SESSION_KEY = "organization_id"


class MemberRequest(HttpRequest):
    """A request of a signed-in person inside one organization."""

    htmx: HtmxDetails
    user: User
    organization: Organization
    membership: Membership

    @property
    def zone(self) -> ZoneInfo:
        return self.organization.zone


MemberView = Callable[Concatenate[MemberRequest, P], HttpResponse]


def member_required(
    role: Role = Role.VIEWER,
) -> Callable[[MemberView[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Lets a view be seen by members with at least `role`, and tells it their organization.

    Every view of staff has this decorator; it is the one door to an organization's data.
    Somebody not signed in is sent to sign in, a role too low is refused with 403.
    """

    def decorate(
        view: MemberView[P],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            membership = chosen_membership(request)
            if membership is None:
                return redirect("choose-organization")
            if not membership.may(role):
                raise PermissionDenied(
                    f"This needs the role {role.label}; yours is {Role(membership.role).label}."
                )
            member_request = cast("MemberRequest", request)
            member_request.membership = membership
            member_request.organization = membership.organization
            note_seen(membership, timezone.now())
            return view(member_request, *args, **kwargs)

        return cast(
            "Callable[Concatenate[HttpRequest, P], HttpResponseBase]", login_required(guarded)
        )

    return decorate


def chosen_membership(request: HttpRequest) -> Membership | None:
    """The membership this session works under; None when there is none, or several to choose from.

    Read from the database each time, so that a role taken away is gone with the next request.
    """
    memberships = (
        # Every page tells how the connections are. Their secrets stay where they are.
        Membership.objects.select_related("organization__imis", "organization__twilio")
        .defer(
            "organization__imis__password_sealed",
            "organization__twilio__auth_token_sealed",
            "organization__twilio__secondary_token_sealed",
            "organization__twilio__api_key_secret_sealed",
        )
        .filter(user_id=cast("User", request.user).pk)
    )
    chosen = request.session.get(SESSION_KEY)
    if chosen is not None:
        return memberships.filter(organization_id=chosen).first()
    only = list(memberships[:2])
    return only[0] if len(only) == 1 else None


def choose(request: HttpRequest, organization: Organization) -> None:
    request.session[SESSION_KEY] = organization.pk


def people(organization: Organization) -> list[User]:
    """Those who belong to the organization, by name."""
    return list(User.objects.filter(memberships__organization=organization).order_by("username"))
