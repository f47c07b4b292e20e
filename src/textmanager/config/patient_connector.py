"""The worker's own connection to the queue, which outlasts a database that drops connections."""

from __future__ import annotations

import asyncio
from typing import Any, LiteralString

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException

# As long as a database takes to start again. A worker that is told to stop does not wait for it.
PAUSES = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class PatientConnector(PsycopgConnector):
    """Says again what the database did not hear because the connection was lost.

    Above all that a job has ended: Procrastinate says so once. A job whose end was not heard would
    count as under way for as long as its worker lives, and nothing would take its place. What is
    said so may be said twice: the end of a job, that a worker lives, that one is dead.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        for pause in PAUSES:
            try:
                await super().execute_query_async(query, **arguments)
            except ConnectorException as error:
                if not isinstance(error.__cause__, psycopg.OperationalError):
                    raise
            else:
                return
            await asyncio.sleep(pause)
        await super().execute_query_async(query, **arguments)
