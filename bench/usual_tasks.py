"""The Celery application of the usual way, and its one task. Read by Celery's worker."""

from __future__ import annotations

import functools
import os
import uuid
from typing import Any

import psycopg
from celery import Celery
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

TWILIO = "https://api.twilio.com"

app = Celery("usual", broker=os.environ["BENCH_REDIS"])
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


@app.task(name="send")
def send(run: str, number: int, to: str, body: str) -> None:
    message = _client().messages.create(
        to=to,
        from_="555010",
        body=body,
        status_callback=f"http://localhost/hooks?m={number}#rc=5&rp=all",
    )
    _database().execute(
        "UPDATE runs_message SET status = 'accepted', sid = %s, accepted_at = now() "
        "WHERE run_id = %s AND number = %s",
        [message.sid, uuid.UUID(run), number],
    )


class Moved(TwilioHttpClient):
    """Twilio's own client, to the carrier of the bench."""

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        moved = url.replace(TWILIO, os.environ["BENCH_CARRIER"])
        return super().request(method, moved, *rest, **named)


@functools.cache
def _client() -> Client:
    return Client("AC" + "0" * 32, "0" * 32, http_client=Moved())


@functools.cache
def _database() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["BENCH_DATABASE"], autocommit=True)
