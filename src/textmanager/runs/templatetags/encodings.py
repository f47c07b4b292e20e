"""Says to people what the encoding of a text means for its length."""

from __future__ import annotations

from django import template

from textmanager.text.segments import in_plain_words

register = template.Library()
register.filter("encoding_in_words", in_plain_words)
