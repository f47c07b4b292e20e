"""Jobs that keep the installation itself in order."""

from __future__ import annotations

from procrastinate import JobContext
from procrastinate.jobs import Status

from textmanager.config.bridge import in_database
from textmanager.config.jobs import SECONDS_UNTIL_STALLED, jobs
from textmanager.organizations.sign_in import forget_old_failures

HOURS_TO_KEEP_FAILED_JOBS = 72


@jobs.periodic(cron="* * * * * */5")
@jobs.task(name="clear_stalled_jobs", queueing_lock="clear_stalled_jobs", pass_context=True)
async def clear_stalled_jobs(
    context: JobContext,
    timestamp: int,  # noqa: ARG001 - every periodic job is given it
) -> None:
    """Ends the jobs of workers that died, so that their locks are free.

    They are not run again themselves: what is due is read from the state of runs and messages
    every few seconds, and a job for it deferred anew.
    """
    stalled = await context.app.job_manager.get_stalled_jobs(
        seconds_since_heartbeat=SECONDS_UNTIL_STALLED
    )
    for job in stalled:
        await context.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


@jobs.periodic(cron="17 * * * *")
@jobs.task(name="tidy_up", queueing_lock="tidy_up", pass_context=True)
async def tidy_up(
    context: JobContext,
    timestamp: int,  # noqa: ARG001 - every periodic job is given it
) -> None:
    """Deletes what nobody needs any more: failed jobs after three days, old failed sign-ins."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=HOURS_TO_KEEP_FAILED_JOBS,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
    await in_database(forget_old_failures)
