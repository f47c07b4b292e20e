"""The inbox: conversations, and what staff do with them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages as notices
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.organizations import membership
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.replies import conversations
from textmanager.replies.answering import NotAnswered, choose_sender, why_not_now, write_answer
from textmanager.replies.inbox import FILTERS, conversation_page
from textmanager.replies.models import Conversation
from textmanager.replies.thread import thread_of
from textmanager.replies.unsent import keep_unsent, unsent


@member_required()
def inbox(request: MemberRequest) -> HttpResponse:
    """The list; asked for by htmx, the list alone, or nothing (204) while it is as it was."""
    which = request.GET.get("which", "open")
    query = request.GET.get("q", "").strip()
    before = request.GET.get("before", "")
    page = conversation_page(
        request.organization, request.user, which=which, query=query, before=before
    )
    if request.htmx and request.GET.get("seen") == page.version:
        return HttpResponse(status=204)
    context = {
        "page": page,
        "filters": FILTERS,
        "which": which,
        "query": query,
        "is_first": not before,
        "may_configure": request.membership.may(Role.ADMIN),
    }
    return render(request, f"replies/inbox.html{'#list' if request.htmx else ''}", context)


@member_required()
def unread(request: MemberRequest) -> HttpResponse:
    """How many conversations wait to be read, for the navigation of every page."""
    count = conversations.unread_conversations(request.organization).count()
    if request.GET.get("seen") == str(count):
        return HttpResponse(status=204)
    return render(request, "replies/unread.html", {"unread": count})


@member_required()
def conversation(request: MemberRequest, conversation_id: int) -> HttpResponse:
    """What was said. Somebody who may answer has then read it."""
    found = _conversation(request, conversation_id)
    if request.membership.may(Role.AUTHOR):
        conversations.mark_read(found)
    return _conversation_page(request, found)


@member_required()
def thread(request: MemberRequest, conversation_id: int) -> HttpResponse:
    """What was said since, asked for while somebody looks at the page; 204 when nothing was."""
    found = _conversation(request, conversation_id)
    is_new = found.unread > 0
    if request.membership.may(Role.AUTHOR):
        conversations.mark_read(found)
    said = thread_of(found)
    if request.GET.get("seen") == said.version:
        return HttpResponse(status=204)
    context = {"conversation": found, "thread": said, "is_new": is_new}
    return render(request, "replies/conversation.html#thread", context)


@require_POST
@member_required(Role.AUTHOR)
def answer(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation_with_answer(request, conversation_id)
    body = request.POST.get("body", "")
    try:
        write_answer(found, body=body, author=request.user, form_id=_form_id(request))
    except NotAnswered as refusal:
        return _conversation_page(request, found, refusal=str(refusal))
    keep_unsent(request.session, conversation_id, "")
    notices.success(request, "Your answer is on its way.")
    return redirect("replies:conversation", conversation_id)


@require_POST
@member_required(Role.AUTHOR)
def close(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation_with_answer(request, conversation_id)
    if not conversations.set_open(found, is_open=False, actor=request.user):
        notices.error(request, "A text has just come in. Read it, then close the conversation.")
        return redirect("replies:conversation", conversation_id)
    notices.success(request, f"The conversation with {found.number} is closed.")
    return redirect("replies:inbox")


@require_POST
@member_required(Role.AUTHOR)
def reopen(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation_with_answer(request, conversation_id)
    conversations.set_open(found, is_open=True, actor=request.user)
    return redirect("replies:conversation", conversation_id)


@member_required(Role.AUTHOR)
def assignees(request: MemberRequest, conversation_id: int) -> HttpResponse:
    """The form that assigns, asked for after the page is there."""
    context = {
        "conversation": _conversation(request, conversation_id),
        "people": membership.people(request.organization),
    }
    return render(request, "replies/assign.html", context)


@require_POST
@member_required(Role.AUTHOR)
def assign(request: MemberRequest, conversation_id: int) -> HttpResponse:
    found = _conversation_with_answer(request, conversation_id)
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
    found = _conversation_with_answer(request, conversation_id)
    opts_out = request.POST.get("opts_out") == "yes"
    if not conversations.decide_wish(found, opts_out=opts_out, actor=request.user):
        notices.error(request, "A text has just come in. Read it, then decide.")
    elif opts_out:
        notices.success(request, f"{found.number} gets no more texts.")
    return redirect("replies:conversation", conversation_id)


def _form_id(request: MemberRequest) -> uuid.UUID | None:
    """The form's own; one that was tampered with is as good as a new form."""
    try:
        return uuid.UUID(request.POST.get("form_id", ""))
    except ValueError:
        return None


def _conversation(request: MemberRequest, conversation_id: int) -> Conversation:
    found = conversations.find_conversation(request.organization, conversation_id)
    if found is None:
        raise Http404
    return found


def _conversation_with_answer(request: MemberRequest, conversation_id: int) -> Conversation:
    """The same; what has been typed into the page's answer comes with each of its buttons."""
    found = _conversation(request, conversation_id)
    if "body" in request.POST:
        keep_unsent(request.session, found.pk, request.POST["body"])
    return found


def _conversation_page(request: MemberRequest, found: Conversation, **more: Any) -> HttpResponse:
    said = thread_of(found)
    context = {
        "conversation": found,
        "thread": said,
        "sender": choose_sender(
            request.organization.pk, written_to=said.written_to, texted_from=said.texted_from
        ),
        "why_not": why_not_now(found, timezone.now(), has_opted_out=found.opted_out),
        "can_edit": request.membership.may(Role.AUTHOR),
        "form_id": uuid.uuid4(),
        "typed": unsent(request.session, found.pk),
        **more,
    }
    return render(request, "replies/conversation.html", context)
