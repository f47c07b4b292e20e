"""Examines what needs Django: checks, mail, migrations, workers, clock, organizations."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings
from django.core import checks, mail
from django.db import connection

from textmanager.commands.preparing import pending_migrations
from textmanager.config import environment
from textmanager.config.checks import TAG
from textmanager.config.finding import Finding
from textmanager.config.jobs import workers_alive
from textmanager.dashboard.examination import examine
from textmanager.organizations.clock import clock_beside
from textmanager.organizations.founding import all_organizations


def examine_installation() -> Iterator[Finding]:
    """Signs in at every organization's iMIS and Twilio; sends and writes nothing."""
    yield from _system_checks()
    yield _mail()
    migrations = _migrations()
    yield migrations
    if migrations.is_blocking:
        return
    yield _workers()
    yield clock_beside("the database's", _time_of_database())
    organizations = all_organizations()
    if not organizations:
        yield Finding("Organizations", "There is none yet.", "Create one: textmanager createorg")
    for organization in organizations:
        for finding in examine(organization):
            yield replace(finding, subject=f"{finding.subject} of {organization.cloud_id}")


def _system_checks() -> Iterator[Finding]:
    for message in checks.run_checks(tags=[TAG]):
        yield Finding("Settings", message.msg, message.hint or "Correct the setting.")


def _mail() -> Finding:
    kind, _, place = environment.text("TEXTMANAGER_MAIL_URL").partition(":")
    if kind == "console":
        return Finding("Mail", "Reports are written to the worker's output.")
    if kind == "folder":
        return Finding("Mail", f"Reports are written to {place}.")
    server = f"{settings.EMAIL_HOST} port {settings.EMAIL_PORT}"
    try:
        with mail.get_connection():
            pass
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "Mail",
            f"{server} does not let us in: {error}.",
            "Correct TEXTMANAGER_MAIL_URL, or let this machine through.",
        )
    return Finding("Mail", f"{server} lets us in.")


def _migrations() -> Finding:
    pending = pending_migrations()
    if pending:
        return Finding(
            "Migrations",
            f"{len(pending)} are pending, from {pending[0]}.",
            "Run: textmanager migrate",
            is_blocking=True,
        )
    return Finding("Migrations", "The database is up to date.")


def _workers() -> Finding:
    alive = workers_alive()
    if alive:
        return Finding("Workers", f"{alive} running.")
    return Finding(
        "Workers",
        "None is running, so no campaign will run.",
        "Start one and keep it running: textmanager worker",
    )


def _time_of_database() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        time: dt.datetime = cursor.fetchone()[0]
    return time
