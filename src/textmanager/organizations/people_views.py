"""The people page, and the link that an invitation brings."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages as notices
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from textmanager.organizations import configuring, invitations, membership, people
from textmanager.organizations.effects import effects
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Invitation, Membership, Organization, Role
from textmanager.organizations.people_forms import (
    InviteForm,
    KnownPasswordForm,
    PasswordForm,
    StaffForm,
    StaffRoleForm,
)
from textmanager.organizations.sign_in import SignInRefused
from textmanager.organizations.views import client_address

# The page has another field of that name.
FIRST_ROLE_IDS = "first_%s"


@member_required(Role.ADMIN)
def page(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@member_required(Role.ADMIN)
def change(request: MemberRequest, membership_id: int) -> HttpResponse:
    role, email = request.POST.get("role", ""), request.POST.get("email", "").strip()
    if role not in Role.values:
        raise Http404
    try:
        changed = people.change_member(
            organization=request.organization,
            membership_id=membership_id,
            role=Role(role),
            email=email,
            actor=request.user,
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    except people.NotAllowed as refusal:
        notices.error(request, str(refusal))
    except ValidationError:
        notices.error(request, f"{email} is not an e-mail address. Nothing was changed.")
    else:
        label = changed.get_role_display().lower()
        notices.success(request, f"{changed.user} is {_article(label)} {label} now.")
    return redirect("settings:people")


@require_POST
@member_required(Role.ADMIN)
def remove(request: MemberRequest, membership_id: int) -> HttpResponse:
    try:
        gone = people.remove_member(
            organization=request.organization, membership_id=membership_id, actor=request.user
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    except people.NotAllowed as refusal:
        notices.error(request, str(refusal))
    else:
        notices.success(request, f"{gone.user} has no access any more.")
    return redirect("settings:people")


@require_POST
@member_required(Role.ADMIN)
def invite(request: MemberRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invitations.invite(
                organization=request.organization,
                email=email,
                role=Role(form.cleaned_data["role"]),
                actor=request.user,
            )
        except invitations.NotInvited as refusal:
            form.add_error("email", str(refusal))
        else:
            notices.success(request, f"{email} is invited. The link works for seven days.")
            return redirect("settings:people")
    return _page(request, invite_form=form)


@require_POST
@member_required(Role.ADMIN)
def withdraw(request: MemberRequest, invitation_id: int) -> HttpResponse:
    try:
        invitations.withdraw(
            organization=request.organization, invitation_id=invitation_id, actor=request.user
        )
    except Invitation.DoesNotExist:
        raise Http404 from None
    notices.success(request, "The invitation is withdrawn; its link works no more.")
    return redirect("settings:people")


@require_POST
@member_required(Role.ADMIN)
def add_staff(request: MemberRequest) -> HttpResponse:
    form = StaffForm(request.POST)
    if form.is_valid():
        try:
            added = people.add_staff(
                organization=request.organization,
                imis_username=form.cleaned_data["imis_username"],
                role=Role(form.cleaned_data["staff_role"]),
                actor=request.user,
            )
        except ValidationError as error:
            form.add_error("imis_username", error)
        else:
            notices.success(request, f"{added.user} may sign in with the iMIS password.")
            return redirect("settings:people")
    return _page(request, staff_form=form)


@require_POST
@member_required(Role.ADMIN)
def staff_role(request: MemberRequest) -> HttpResponse:
    form = StaffRoleForm(request.POST, instance=request.organization, auto_id=FIRST_ROLE_IDS)
    if form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        request.organization.refresh_from_db()
        if changes:
            configuring.save_organization(request.organization, changes, request.user)
        notices.success(request, " ".join(["Saved.", *effects(request.organization, changes)]))
        return redirect("settings:people")
    return _page(request, role_form=form)


@sensitive_post_parameters("password", "again")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Open to whoever holds the link; it is signed, and works once."""
    try:
        invitation = invitations.invitation_of(token)
    except invitations.NotInvited as refusal:
        return render(request, "organizations/accept.html", {"refusal": str(refusal)}, status=403)
    is_known = invitations.has_account(invitation)
    form = (KnownPasswordForm if is_known else PasswordForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, organization = invitations.accept(
                token, password=form.cleaned_data["password"], address=client_address(request)
            )
        except ValidationError as error:
            form.add_error("password", error)
        except (SignInRefused, invitations.NotInvited) as refused:
            form.add_error(None, str(refused))
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            membership.choose(request, organization)
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(
        request,
        "organizations/accept.html",
        {"form": form, "invitation": invitation, "role": Role(invitation.role).label},
    )


def _page(request: MemberRequest, **more: object) -> HttpResponse:
    now = timezone.now()
    # Unsaved values of a form that was refused must not look like what is set.
    organization = Organization.objects.get(pk=request.organization.pk)
    waiting = invitations.open_invitations(request.organization)
    context = {
        "people": people.members(request.organization, request.user),
        "invitations": [(each, invitations.has_run_out(each, now)) for each in waiting],
        "roles": ROLES,
        "invite_form": InviteForm(),
        "staff_form": StaffForm(),
        "role_form": StaffRoleForm(instance=organization, auto_id=FIRST_ROLE_IDS),
        **more,
    }
    return render(request, "settings/people.html", context)


ROLES = [
    (Role.VIEWER, "looks at everything and changes nothing"),
    (Role.AUTHOR, "makes campaigns, sends them, answers replies"),
    (Role.APPROVER, "also lets runs go that wait for a second person"),
    (Role.ADMIN, "also changes the settings"),
]


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
