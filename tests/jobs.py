"""Jobs of tests that commit: no rows of Django's, so emptying its tables leaves them there."""

from __future__ import annotations

from django.db import connection


def delete_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
