"""What can be told of an answer at once, so that a slip is asked about again."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import click


class TimeZone(click.ParamType[str]):
    """The name of a zone, such as America/New_York."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value.strip() not in available_timezones():
            self.fail(f"{value} is not a time zone such as America/New_York.", param, ctx)
        return value.strip()


class CloudId(click.ParamType[str]):
    """The short name that staff sign in with; capitals become small."""

    name = "cloud id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        cloud_id = value.strip().lower()
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", cloud_id):
            self.fail(f"{value} is no Cloud ID: use a-z, 0-9 and dashes only.", param, ctx)
        return cloud_id
