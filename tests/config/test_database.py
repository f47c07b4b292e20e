"""The embedded PostgreSQL's database, of which several processes may be the first to ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from processes import own_database
from textmanager.config import database

AT_ONCE = 6


@pytest.mark.django_db
def test_processes_that_start_at_once_make_it_once() -> None:
    with own_database("admin") as admin, psycopg.connect(admin, autocommit=True) as connection:
        name = f"{connection.info.dbname}_made"
        drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
        connection.execute(drop)
        try:
            with ThreadPoolExecutor(AT_ONCE) as starts:
                list(starts.map(lambda _: database._create_database(admin, name), range(AT_ONCE)))
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            assert made.fetchall() == [(1,)]
        finally:
            connection.execute(drop)
