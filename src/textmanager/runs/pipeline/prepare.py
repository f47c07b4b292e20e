"""Step 2, prepare: pulls the audience afresh and writes one message for each of its rows.

Page by page: each page is one transaction that also moves the run's `next_offset`, so a worker
that dies resumes with the first page that is not written.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, is_stopping, jobs
from textmanager.config.retries import Patience, try_again
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError, ImisSignInRefused
from textmanager.imis.iqa import IqaPage, describe
from textmanager.imis.pages import read_pages
from textmanager.organizations.connections import (
    NotConnected,
    imis_client,
    opt_outs_were_never_read,
)
from textmanager.replies.imis_reading import read_now
from textmanager.runs import approval
from textmanager.runs.history import usual_contacts
from textmanager.runs.holding import hold_run
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.follow_up import prepare_follow_up
from textmanager.runs.pipeline.messages import write_messages
from textmanager.runs.pipeline.second_reading import Row, read_again
from textmanager.runs.pipeline.send import defer_drain
from textmanager.runs.waiting import hold_if_overtaken, wait_for_imis
from textmanager.text.merge import Template, TemplateError

logger = logging.getLogger(__name__)

PAGE = 500
# iMIS may be away for about two hours before somebody has to look.
PATIENCE = Patience(first=dt.timedelta(seconds=2), longest=dt.timedelta(minutes=5), tries=32)


@dataclass(frozen=True)
class Resume:
    """Where a preparation goes on, and what it needs of the IQA and of iMIS."""

    organization_id: int
    client: ImisClient
    iqa_path: str
    answers: tuple[tuple[str, str], ...]
    offset: int
    columns: tuple[str, ...]
    merge_fields: tuple[str, ...]
    needs_opt_outs: bool


@jobs.task(name="prepare")
async def prepare(run_id: str, tries: int = 0) -> None:
    """Prepares one run. After a passing failure of iMIS it is tried again; any other holds the run.

    `tries` have failed so far. Held for a failure that lasted, or for a password, the run goes on
    when iMIS works again. A try that comes after the campaign's next run has begun is left to a
    person.
    """
    try:
        if tries and await in_database(hold_if_overtaken, run_id):
            return
        await _prepare(run_id)
    except ImisError as error:
        if not error.permanent and await in_database(_prepare_later, run_id, tries + 1):
            logger.warning("Run %s cannot be prepared yet: %s", run_id, error)
            return
        reason = f"The audience cannot be read. {error}"
        if error.permanent and not isinstance(error, ImisSignInRefused):
            await in_database(hold_run, run_id=run_id, reason=reason)
        else:
            await in_database(wait_for_imis, run_id=run_id, reason=reason, now=timezone.now())
    except (NotConnected, TemplateError) as error:
        await in_database(hold_run, run_id=run_id, reason=str(error))
    except (OperationalError, InterfaceError):
        # The database is away for a moment. The run stays as it is, and is taken up again.
        raise
    except Exception:
        # The outer edge of the job: a fault of ours must not start the run over for ever.
        logger.exception("Run %s cannot be prepared", run_id)
        await in_database(
            hold_run, run_id=run_id, reason="An internal error stopped the preparation."
        )


async def _prepare(run_id: str) -> None:
    if await in_database(prepare_follow_up, run_id):
        return
    resume = await in_database(where_to_resume, run_id)
    if resume is None:
        return
    async with resume.client as client:
        pages = read_pages(
            client, resume.iqa_path, answers=resume.answers, offset=resume.offset, limit=PAGE
        )
        async with aclosing(pages):
            async for page in pages:
                if is_stopping() or not await _take(client, resume, run_id, page):
                    return
        await _finish(client, resume, run_id)


async def _take(client: ImisClient, resume: Resume, run_id: str, page: IqaPage) -> bool:
    """Writes the messages of one page; False when the preparation ends here."""
    if page.offset == 0 and page.rows:
        gone = await _columns_gone(client, resume, page)
        if gone:
            await in_database(hold_run, run_id=run_id, reason=_about_columns(gone))
            return False
    return await in_database(
        store_page, run_id=run_id, offset=page.offset, rows=page.rows, total=page.total
    )


async def _finish(client: ImisClient, resume: Resume, run_id: str) -> None:
    """Adds whom the pages have left out, or holds the run when they cannot be relied upon."""
    missed: list[Row] = []
    if await in_database(is_unsteady, run_id):
        again = await read_again(
            client,
            run_id=run_id,
            iqa_path=resume.iqa_path,
            answers=resume.answers,
            id_column=resume.columns[0],
        )
        if not again.is_to_be_trusted:
            await in_database(hold_run, run_id=run_id, reason=_about_order(len(again.missed)))
            return
        missed = again.missed
    if await in_database(opt_outs_were_never_read, resume.organization_id):
        # Just connected. Each text is compared with the register once more before it leaves.
        await _read_opt_outs(resume)
    await in_database(finish_preparation, run_id=run_id, missed=missed, now=timezone.now())


async def _read_opt_outs(resume: Resume) -> None:
    """Where they are needed, a failure that passes is one of the preparation, and tried again."""
    try:
        await read_now(resume.organization_id)
    except ImisError as error:
        passes = not error.permanent or isinstance(error, ImisSignInRefused)
        if resume.needs_opt_outs and passes:
            raise
        logger.warning("The opt-outs in iMIS cannot be read: %s", error)


async def _columns_gone(client: ImisClient, resume: Resume, page: IqaPage) -> list[str]:
    """The columns that the campaign uses and the IQA does not have any more.

    A row need not carry its empty cells, so the definition is asked too.
    """
    definition = await describe(client, resume.iqa_path)
    known = {*page.columns, *(column.name for column in definition.columns)}
    folded = {name.casefold() for name in known}
    gone = [name for name in resume.columns if name not in known]
    return gone + [name for name in resume.merge_fields if name.casefold() not in folded]


def _about_order(missed: int) -> str:
    return (
        "The IQA gives its rows in another order each time, so that members are left out: "
        f"{missed:,} of them the first time. Sort the IQA by ID, cancel this run, and run the "
        "campaign again."
    )


def _about_columns(gone: Sequence[str]) -> str:
    names = ", ".join(f"“{name}”" for name in dict.fromkeys(gone))
    return (
        f"The IQA has changed: it lacks {names}. Correct the IQA and resume this run, or cancel "
        "the run and correct the campaign."
    )


def defer_prepare(run_id: uuid.UUID) -> None:
    """Lets a worker prepare the run, as part of the caller's transaction."""
    name = _lock(run_id)
    defer_once(prepare, queueing_lock=name, lock=name, run_id=str(run_id))


def _prepare_later(run_id: str, tries: int) -> bool:
    """Whether it is tried again after so many failures."""
    pause = try_again(prepare, PATIENCE, tries=tries, name=_lock(run_id), run_id=run_id)
    return pause is not None


def _lock(run_id: uuid.UUID | str) -> str:
    return f"prepare-{run_id}"


def where_to_resume(run_id: str) -> Resume | None:
    """None when the run needs no preparation (any more)."""
    preparing = Run.objects.filter(pk=run_id, state=RunState.PREPARING)
    run = preparing.select_related("organization").first()
    if run is None:
        return None
    if run.next_offset:
        # As many may have left the audience meanwhile as have joined it: its size tells nothing.
        Run.objects.filter(pk=run_id).update(is_unsteady=True)
    return Resume(
        organization_id=run.organization_id,
        client=imis_client(run.organization_id),
        iqa_path=run.iqa_path,
        answers=tuple((name, answer) for name, answer in run.prompt_answers),
        offset=run.next_offset,
        columns=(run.id_column, run.phone_column),
        merge_fields=Template.parse(run.template).fields(),
        needs_opt_outs=_needs_opt_outs(run),
    )


def _needs_opt_outs(run: Run) -> bool:
    """Whether it is held until iMIS has told whom not to text."""
    return run.organization.hold_until_opt_outs_read and not run.is_test


@transaction.atomic
def store_page(*, run_id: str, offset: int, rows: Sequence[dict[str, object]], total: int) -> bool:
    """Writes the messages of one page, once; False when this page is not the run's next.

    The run's row is locked meanwhile: whoever else prepares the run waits, and then finds that
    the page is written.
    """
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=run_id)
    )
    if run.state != RunState.PREPARING or run.next_offset != offset:
        return False
    repeats = write_messages(run, offset, rows, now=timezone.now())
    if repeats or (offset > 0 and run.contacts != total):
        run.is_unsteady = True
    run.next_offset = offset + len(rows)
    run.contacts = total
    run.save(update_fields=["next_offset", "contacts", "is_unsteady"])
    return True


def is_unsteady(run_id: str) -> bool:
    """Whether the pages of this run's audience did not fit together."""
    return Run.objects.filter(pk=run_id, is_unsteady=True).exists()


@transaction.atomic
def finish_preparation(*, run_id: str, now: dt.datetime, missed: Sequence[Row] = ()) -> None:
    """Lets the run be sent, or holds it when its audience is not what it used to be.

    `missed` are rows that the pages have left out.
    """
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=run_id)
    )
    if run.state != RunState.PREPARING:
        return
    if missed:
        write_messages(run, run.next_offset, missed, now=now)
    run.next_offset += len(missed)
    run.contacts = run.next_offset
    run.prepared_at = now
    run.state = RunState.SENDING
    run.save(update_fields=["contacts", "next_offset", "prepared_at", "state"])
    reasons = (_unread_opt_outs(run), _surprise(run), approval.ask_if_needed(run))
    why_held = " ".join(filter(None, reasons))
    if why_held:
        hold_run(run_id=run_id, reason=why_held)
    else:
        defer_drain(run.sender_id)


def _unread_opt_outs(run: Run) -> str:
    """Why nobody should be texted before iMIS has told whom not to; empty when it has."""
    if _needs_opt_outs(run) and opt_outs_were_never_read(run.organization_id):
        return (
            "The opt-outs that iMIS knows could never be read: somebody who opted out there might "
            "be texted. Let the background account read activities in iMIS, read the opt-outs "
            "under Opt-outs, then resume this run."
        )
    return ""


def _surprise(run: Run) -> str:
    """Why this audience should be looked at before anybody is texted; empty if it need not be."""
    usual = usual_contacts(campaign_id=run.campaign_id, before=run.created_at)
    times, least = run.organization.unusual_times, run.organization.unusual_least
    contacts = run.contacts or 0
    if usual is None:
        return ""
    if contacts == 0 and usual >= least:
        return f"The IQA returned nobody; usually it returns about {usual:,} contacts."
    if contacts >= max(least, times * usual):
        return f"The IQA returned {contacts:,} contacts; usually it returns about {usual:,}."
    return ""
