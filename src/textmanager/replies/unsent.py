"""Keeps what somebody has typed to a person while they do something else there first.

It waits in their session: nobody else sees it, and it goes when they sign out.
"""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase

SESSION_KEY = "unsent_answers"
# Forgotten beyond, the oldest first: a session is read with every page.
MOST = 10
# A text has 1,600 characters at most; whoever sends much more than that has not typed it.
LONGEST = 10_000


def keep_unsent(session: SessionBase, conversation_id: int, typed: str) -> None:
    """What stood in the answer; an empty one is forgotten."""
    others = {
        key: words
        for key, words in session.get(SESSION_KEY, {}).items()
        if key != str(conversation_id)
    }
    is_kept = typed.strip() and len(typed) <= LONGEST
    kept = {**others, str(conversation_id): typed} if is_kept else others
    if kept != session.get(SESSION_KEY, {}):
        session[SESSION_KEY] = dict(list(kept.items())[-MOST:])


def unsent(session: SessionBase, conversation_id: int) -> str:
    return str(session.get(SESSION_KEY, {}).get(str(conversation_id), ""))
