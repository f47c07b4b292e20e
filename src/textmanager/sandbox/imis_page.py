"""A page that shows a person what is inside the simulated iMIS."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from textmanager.sandbox.members import Query

LATEST = 200
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem;
  color-scheme: light dark }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884;
  vertical-align: top }
.box { overflow-x: auto }
"""


def overview_page(
    users: Sequence[tuple[str, str]],
    queries: Sequence[Query],
    activities: Sequence[dict[str, Any]],
) -> HTMLResponse:
    columns = ("SEQN", "PartyId", "ACTIVITY_TYPE", "TRANSACTION_DATE", "DESCRIPTION", "NOTE")
    latest = [
        [str(activity.get(column, "")) for column in columns]
        for activity in activities[-LATEST:][::-1]
    ]
    body = (
        "<h1>Sandbox iMIS</h1><p>Everybody and everything here is made up.</p>"
        f"<h2>Activities ({len(activities):,}), the newest first</h2>"
        + _table(columns, latest)
        + "<h2>IQAs</h2>"
        + _table(("Path", "Columns"), [[q.path, _columns(q)] for q in queries])
        + "<h2>Users</h2>"
        + _table(("User name", "Roles"), [list(user) for user in users])
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox iMIS</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style><body>{body}</body></html>"
    )


def _columns(query: Query) -> str:
    return ", ".join(column.alias or column.caption for column in query.columns)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="box"><table><tr>{titles}</tr>{lines}</table></div>'
