"""Templates: each compiles, and none needs the Content-Security-Policy to be loosened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.test import Client

FOLDER = Path(__file__).parent.parent / "src" / "textmanager" / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
# A mail has no stylesheet to refer to.
MAILS = {"runs/report_mail.html", "runs/report_mail.txt"}


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_compiles(path: Path) -> None:
    get_template(name(path))


@pytest.mark.parametrize("path", [p for p in TEMPLATES if name(p) not in MAILS], ids=name)
def test_a_page_has_no_script_and_no_style_inside(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text, re.IGNORECASE)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.django_db
def test_the_policy_allows_only_what_is_ours(client: Client) -> None:
    policy = client.get("/sign-in/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
    assert "unsafe" not in policy
