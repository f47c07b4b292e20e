"""Every address of the program, by walking them, and the table of those that are pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from textmanager.organizations.models import Role

ANYBODY = {"health", "sign-in", "accept-invitation", "forgot-password", "new-password"}
SIGNED_IN = {"choose-organization"}
# They show nothing: one leads on, the other says whether the session still holds.
SHOWING_NOTHING = {"sign-out", "campaigns:autosave"}
# Every page of staff, with the role from which on it may be seen. Whatever is not named here has
# to refuse a GET, because it changes something.
PAGES: dict[str, Role] = {
    "home": Role.VIEWER,
    "under-way": Role.VIEWER,
    "help": Role.VIEWER,
    "whats-new": Role.VIEWER,
    "appearance": Role.VIEWER,
    "campaigns:calendar": Role.VIEWER,
    "campaigns:iqa-picker": Role.AUTHOR,
    "campaigns:test-text-status": Role.AUTHOR,
    "campaigns:left-out": Role.AUTHOR,
    "campaigns:list": Role.VIEWER,
    "campaigns:new": Role.AUTHOR,
    "campaigns:columns": Role.AUTHOR,
    "campaigns:edit": Role.AUTHOR,
    "campaigns:delete": Role.AUTHOR,
    "campaigns:run-now": Role.AUTHOR,
    "campaigns:run-now-figures": Role.AUTHOR,
    "runs:list": Role.VIEWER,
    "runs:find": Role.VIEWER,
    "runs:detail": Role.VIEWER,
    "runs:message": Role.VIEWER,
    "runs:resume": Role.AUTHOR,
    "runs:cancel": Role.AUTHOR,
    "runs:try-again": Role.AUTHOR,
    "runs:report": Role.VIEWER,
    "runs:report-frame": Role.VIEWER,
    "runs:export-csv": Role.VIEWER,
    "runs:export-xlsx": Role.VIEWER,
    "runs:bad-numbers-csv": Role.VIEWER,
    "runs:bad-numbers-xlsx": Role.VIEWER,
    "runs:progress": Role.VIEWER,
    "runs:messages": Role.VIEWER,
    "replies:inbox": Role.VIEWER,
    "replies:conversation": Role.VIEWER,
    "replies:unread": Role.VIEWER,
    "replies:thread": Role.VIEWER,
    "replies:assignees": Role.AUTHOR,
    "replies:register": Role.VIEWER,
    "replies:history": Role.VIEWER,
    "replies:import-outcome": Role.VIEWER,
    "replies:import-progress": Role.VIEWER,
    "replies:export": Role.VIEWER,
    "settings:index": Role.ADMIN,
    "settings:organization": Role.ADMIN,
    "settings:organization-effects": Role.ADMIN,
    "settings:safety": Role.ADMIN,
    "settings:safety-effects": Role.ADMIN,
    "settings:mail": Role.ADMIN,
    "settings:mail-effects": Role.ADMIN,
    "settings:mail-state": Role.ADMIN,
    "settings:appearance": Role.ADMIN,
    "settings:appearance-effects": Role.ADMIN,
    "settings:trail": Role.ADMIN,
    "settings:people": Role.ADMIN,
    "settings:imis": Role.ADMIN,
    "settings:activity-types": Role.ADMIN,
    "settings:activity-types-found": Role.ADMIN,
    "settings:twilio": Role.ADMIN,
    "settings:account-senders": Role.ADMIN,
    "settings:sender": Role.ADMIN,
    "settings:check": Role.ADMIN,
    "findings": Role.ADMIN,
}
# What an address needs after its question mark.
QUERIES: dict[str, dict[str, str]] = {
    "campaigns:columns": {"iqa_path": "$/Text Manager/Board of directors"},
}
# No pages to look at: they hand a file out.
FILES = {
    "appearance",
    "replies:export",
    # A mail as it went out, shown in a frame.
    "runs:report-frame",
    "runs:export-csv",
    "runs:export-xlsx",
    "runs:bad-numbers-csv",
    "runs:bad-numbers-xlsx",
}
# Parts of a page, which the page itself asks for.
FRAGMENTS = {
    "under-way",
    "campaigns:iqa-picker",
    "campaigns:test-text-status",
    "settings:organization-effects",
    "settings:safety-effects",
    "settings:mail-effects",
    "settings:mail-state",
    "settings:appearance-effects",
    "campaigns:columns",
    "campaigns:run-now-figures",
    "runs:progress",
    "runs:messages",
    "replies:unread",
    "replies:thread",
    "replies:import-progress",
    "replies:assignees",
    "settings:account-senders",
    "settings:activity-types-found",
    "findings",
}


def _names(patterns: Any, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _names(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", set(pattern.pattern.regex.groupindex)


def every_address() -> dict[str, set[str]]:
    """The parameters of each, by its name."""
    return dict(_names(get_resolver().url_patterns))
