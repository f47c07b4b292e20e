"""Tells a load balancer whether this web process can serve."""

from __future__ import annotations

from django.db import connection
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse


def health(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers, 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return HttpResponse("The database does not answer.\n", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
