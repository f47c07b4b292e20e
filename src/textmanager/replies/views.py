"""The inbox: conversations, and what staff do with them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from textmanager.organizations import membership
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.replies import conversations
from textmanager.replies.answering import NotAnswered, sender_for, write_answer
from textmanager.replies.models import Conversation
from textmanager.replies.opt_outs import opted_out_among


@member_required()
def inbox(request: MemberRequest) -> HttpResponse:
    which = request.GET.get("which", "open")
    query = request.GET.get("q", "").strip()
    context = {
        "page": conversations.conversation_page(
            request.organization,
            request.user,
            which=which,
            query=query,
            page=request.GET.get("page", "1"),
        ),
        "filters": conversations.FILTERS,
        "which": which,
        "query": query,
        "reply_emails": ", ".join(request.organization.reply_emails),
        "may_configure": request.membership.may(Role.ADMIN),
    }
    return render(request, "replies/inbox.html", context)


@member_required()
def conversation(request: MemberRequest, conversation_id: int) -> HttpResponse:
    """What was said. Somebody who may answer has then read it."""
    found = _conversation(request, conversation_id)
    if request.membership.may(Role.AUTHOR):
        conversations.mark_read(found)
    return _conversation_page(request, found)


@require_POST
@member_required(Role.AUTHOR)
def answer(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation(request, conversation_id)
    body = request.POST.get("body", "")
    try:
        write_answer(found, body=body, author=request.user, form_id=_form_id(request))
    except NotAnswered as refusal:
        # The page comes back with what was typed.
        return _conversation_page(request, found, typed=body, refusal=str(refusal))
    notices.success(request, "Your answer is on its way.")
    return redirect("replies:conversation", conversation_id)


@require_POST
@member_required(Role.AUTHOR)
def close(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation(request, conversation_id)
    conversations.set_open(found, is_open=False, actor=request.user)
    notices.success(request, f"The conversation with {found.number} is closed.")
    return redirect("replies:inbox")


@require_POST
@member_required(Role.AUTHOR)
def reopen(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation(request, conversation_id)
    conversations.set_open(found, is_open=True, actor=request.user)
    return redirect("replies:conversation", conversation_id)


@require_POST
@member_required(Role.AUTHOR)
def assign(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation(request, conversation_id)
    person = request.POST.get("to", "")
    to = next(
        (user for user in membership.people(request.organization) if str(user.pk) == person), None
    )
    conversations.assign(found, to=to, actor=request.user)
    notices.success(request, f"Assigned to {to.get_username()}." if to else "Assigned to nobody.")
    return redirect("replies:conversation", conversation_id)


@require_POST
@member_required(Role.AUTHOR)
def wish(request: MemberRequest, conversation_id: int) -> HttpResponse:
    """Whether the person's wording asked for no more texts."""
    found = _conversation(request, conversation_id)
    opts_out = request.POST.get("opts_out") == "yes"
    conversations.decide_wish(found, opts_out=opts_out, actor=request.user)
    if opts_out:
        notices.success(request, f"{found.number} gets no more texts.")
    return redirect("replies:conversation", conversation_id)


@require_POST
@member_required(Role.ADMIN)
def reply_mail(request: MemberRequest) -> HttpResponse:
    try:
        conversations.set_reply_emails(
            request.organization, text=request.POST.get("emails", ""), actor=request.user
        )
    except ValidationError as error:
        notices.error(request, " ".join(error.messages))
    else:
        notices.success(request, "Saved.")
    return redirect("replies:inbox")


def _form_id(request: MemberRequest) -> uuid.UUID | None:
    """The form's own; one that was tampered with is as good as a new form."""
    try:
        return uuid.UUID(request.POST.get("form_id", ""))
    except ValueError:
        return None


def _conversation(request: MemberRequest, conversation_id: int) -> Conversation:
    found = Conversation.objects.select_related("organization", "assigned_to")
    return get_object_or_404(found, pk=conversation_id, organization=request.organization)


def _conversation_page(request: MemberRequest, found: Conversation, **more: Any) -> HttpResponse:
    context = {
        "conversation": found,
        "entries": conversations.entries_of(found),
        "sender": sender_for(found),
        "has_opted_out": bool(opted_out_among(request.organization.pk, [found.number])),
        "people": membership.people(request.organization),
        "can_edit": request.membership.may(Role.AUTHOR),
        "form_id": uuid.uuid4(),
        **more,
    }
    return render(request, "replies/conversation.html", context)
