"""What cannot be undone is asked once, with what will happen; a mailed report is kept."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import AuditEvent, User
from textmanager.runs.holding import hold_run
from textmanager.runs.models import Message, ReportMail, Run, RunState
from textmanager.runs.pipeline.report import send_report
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def half_way(run: Run) -> Run:
    world.message(run, 0, status=MessageStatus.DELIVERED)
    world.message(run, 1, status=MessageStatus.ACCEPTED)
    world.message(run, 2, status=MessageStatus.SENDING)
    world.message(run, 3)
    world.message(run, 4, status=MessageStatus.HELD, reason="allowance")
    world.message(run, 5, status=MessageStatus.SKIPPED, reason="opted_out")
    return run


@pytest.fixture
def settled(run: Run) -> Run:
    world.message(run, 0, status=MessageStatus.DELIVERED, settled_at=NOW, sent_at=NOW)
    world.message(run, 1, status=MessageStatus.FAILED, settled_at=NOW, error_code=30008, segments=2)
    Run.objects.update(
        state=RunState.COMPLETED,
        completed_at=NOW,
        settled_at=NOW,
        contacts=2,
        report_emails=["office@example.org"],
    )
    run.refresh_from_db()
    return run


def text(answer: object) -> str:
    """What a page says, without its marks."""
    html = answer.content.decode()  # type: ignore[attr-defined] # the test client's answer
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_canceling_says_how_many_have_left_and_how_many_will_not(
    page: Client, half_way: Run
) -> None:
    said = text(page.get(f"/runs/{half_way.pk}/cancel/"))
    assert "2 texts will never be sent." in said
    assert "2 have left already and cannot be called back." in said
    assert "1 is on the way to Twilio right now" in said
    half_way.refresh_from_db()
    assert half_way.state == RunState.SENDING, "asking changes nothing"


def test_a_run_that_was_held_for_a_reason_goes_on_only_after_the_reason_was_read(
    page: Client, half_way: Run
) -> None:
    hold_run(run_id=half_way.pk, reason="The IQA returned 90,000 contacts.")
    assert "Resume…" in text(page.get(f"/runs/{half_way.pk}/"))
    said = text(page.get(f"/runs/{half_way.pk}/resume/"))
    assert "The IQA returned 90,000 contacts." in said
    assert "2 texts will leave from Office" in said
    page.post(f"/runs/{half_way.pk}/resume/")
    half_way.refresh_from_db()
    assert half_way.state == RunState.SENDING


def test_a_run_that_somebody_paused_goes_on_at_one_press(page: Client, half_way: Run) -> None:
    page.post(f"/runs/{half_way.pk}/pause/")
    said = text(page.get(f"/runs/{half_way.pk}/"))
    assert "Resume" in said
    assert "Resume…" not in said


def test_trying_again_says_how_many_and_leads_to_the_new_run(page: Client, settled: Run) -> None:
    assert "1 text failed for a reason that may have passed." in text(
        page.get(f"/runs/{settled.pk}/")
    )
    assert "1 text , 2 segments" in text(page.get(f"/runs/{settled.pk}/try-again/"))
    answer = page.post(f"/runs/{settled.pk}/try-again/", follow=True)
    again = Run.objects.get(retry_of=settled)
    assert answer.redirect_chain[-1][0] == f"/runs/{again.pk}/"
    assert "These texts failed before" in text(answer)
    answer = page.post(f"/runs/{settled.pk}/try-again/", follow=True)
    assert "being tried again already" in text(answer)
    assert "Failed texts tried again by alice" in text(answer)


@pytest.mark.parametrize(
    "action", ["pause", "resume", "cancel", "try-again", "write-again", "report/mail"]
)
def test_who_may_only_look_changes_nothing(
    bob: User, charlie: User, client: Client, half_way: Run, action: str
) -> None:
    client.force_login(bob)
    assert client.post(f"/runs/{half_way.pk}/{action}/").status_code == 403
    assert "Pause" not in text(client.get(f"/runs/{half_way.pk}/"))
    client.force_login(charlie)
    assert client.post(f"/runs/{half_way.pk}/{action}/", {"to": "a@example.org"}).status_code == 404


@pytest.mark.parametrize("action", ["pause", "write-again", "report/mail"])
def test_nothing_is_done_by_a_mere_link(page: Client, half_way: Run, action: str) -> None:
    assert page.get(f"/runs/{half_way.pk}/{action}/").status_code == 405


def test_the_timeline_tells_what_happened_in_order(page: Client, half_way: Run) -> None:
    page.post(f"/runs/{half_way.pk}/pause/")
    page.post(f"/runs/{half_way.pk}/resume/")
    hold_run(run_id=half_way.pk, reason="Too many texts fail")
    page.post(f"/runs/{half_way.pk}/cancel/")
    said = text(page.get(f"/runs/{half_way.pk}/"))
    said = said[said.index("What happened") :]
    places = [
        said.index(words)
        for words in (
            "Prepared",
            "Paused by alice",
            "Resumed by alice",
            "Held by Text Manager",
            "Canceled by alice",
        )
    ]
    assert places == sorted(places)
    assert "The first and the last text left" in said
    assert "Today&#x27;s allowance was reached" in said
    assert "Too many texts fail" in said


def test_a_missed_run_has_a_page_that_says_why(page: Client, campaign: Campaign) -> None:
    missed = world.run(
        campaign,
        scheduled_for=NOW,
        state=RunState.MISSED,
        reason="Text Manager was not running at that time.",
        prepared_at=None,
        contacts=None,
    )
    assert "was not running at that time" in text(page.get(f"/runs/{missed.pk}/"))


def test_the_report_is_kept_as_it_went_out(page: Client, settled: Run) -> None:
    send_report(settled.pk)
    kept = ReportMail.objects.get()
    assert kept.text == mail.outbox[0].body
    Message.objects.filter(number=1).update(status=MessageStatus.DELIVERED)
    said = text(page.get(f"/runs/{settled.pk}/report/"))
    assert "office@example.org" in said
    frame = page.get(f"/runs/{settled.pk}/report/{kept.pk}/")
    assert "The carrier gave no reason" in text(frame)
    assert "Status report mailed by Text Manager" in text(page.get(f"/runs/{settled.pk}/"))


def test_the_frame_runs_no_script_and_loads_nothing(page: Client, settled: Run) -> None:
    send_report(settled.pk)
    frame = page.get(f"/runs/{settled.pk}/report/{ReportMail.objects.get().pk}/")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert (
        "frame-src 'self'"
        in page.get(f"/runs/{settled.pk}/report/").headers["Content-Security-Policy"]
    )
    assert "frame-src" not in page.get(f"/runs/{settled.pk}/").headers["Content-Security-Policy"]


def test_the_report_can_be_mailed_to_one_more(page: Client, settled: Run) -> None:
    send_report(settled.pk)
    page.post(f"/runs/{settled.pk}/report/mail/", {"to": " ceo@example.org "})
    assert mail.outbox[1].to == ["ceo@example.org"]
    assert mail.outbox[1].body == mail.outbox[0].body
    assert AuditEvent.objects.filter(action="mailed report", actor_name="alice").exists()
    assert ReportMail.objects.count() == 2


def test_a_report_that_never_went_out_can_be_mailed(page: Client, settled: Run) -> None:
    page.post(f"/runs/{settled.pk}/report/mail/", {"to": "ceo@example.org"})
    assert "Failed: 1" in mail.outbox[0].body


@pytest.mark.parametrize("to", ["", "nobody", "a@example.org, b@example.org"])
def test_what_is_no_address_is_said_beside_the_field(page: Client, settled: Run, to: str) -> None:
    answer = page.post(f"/runs/{settled.pk}/report/mail/", {"to": to})
    assert answer.status_code == 422
    assert "is not an e-mail address" in text(answer)
    assert f'value="{to}"' in answer.content.decode()
    assert not mail.outbox


def test_a_mail_server_that_is_away_is_told(page: Client, settled: Run, settings: object) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined] # a fixture
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined] # as above
    answer = page.post(f"/runs/{settled.pk}/report/mail/", {"to": "ceo@example.org"})
    assert "The mail server did not take the mail." in text(answer)
    assert not ReportMail.objects.exists()


def test_a_report_waits_until_everything_is_known(page: Client, half_way: Run) -> None:
    answer = page.post(f"/runs/{half_way.pk}/report/mail/", {"to": "ceo@example.org"})
    assert "once every outcome of this run is known" in text(answer)


def test_a_stranger_reads_no_report(charlie: User, client: Client, settled: Run) -> None:
    send_report(settled.pk)
    client.force_login(charlie)
    assert client.get(f"/runs/{settled.pk}/report/").status_code == 404
    kept = ReportMail.objects.get()
    assert client.get(f"/runs/{settled.pk}/report/{kept.pk}/").status_code == 404


def test_the_page_of_a_run_with_everything_costs_twelve_questions(
    page: Client, settled: Run, campaign: Campaign, django_assert_max_num_queries: object
) -> None:
    send_report(settled.pk)
    page.post(f"/runs/{settled.pk}/try-again/")
    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture
        page.get(f"/runs/{settled.pk}/")
    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture
        page.get(f"/runs/{settled.pk}/messages/?status=failed&cause=30008&record=written&q=10002")


def test_what_twilio_billed_stands_on_the_page_and_in_the_mail(page: Client, settled: Run) -> None:
    assert "Billed" not in text(page.get(f"/runs/{settled.pk}/"))
    Run.objects.update(billed_amount="0.01580", billed_unit="USD", billed_texts=1)
    assert "Billed by Twilio: 0.02 USD." in text(page.get(f"/runs/{settled.pk}/"))
    send_report(settled.pk)
    assert "Billed by Twilio: 0.02 USD" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("texts", "said"),
    [(1, "The first and only text left"), (2, "The first and the last text left, together")],
)
def test_a_run_whose_texts_left_in_one_moment_says_so(
    page: Client, run: Run, texts: int, said: str
) -> None:
    for number in range(texts):
        world.message(run, number, status=MessageStatus.ACCEPTED, accepted_at=NOW)
    assert said not in text(page.get(f"/runs/{run.pk}/"))
    Run.objects.update(state=RunState.COMPLETED, completed_at=NOW)
    page_text = text(page.get(f"/runs/{run.pk}/"))
    assert said in page_text
    assert "The last text left" not in page_text


@pytest.mark.parametrize(
    ("action", "state", "said"),
    [
        ("resume", RunState.SENDING, "Only a run that is held or paused can go on."),
        ("cancel", RunState.COMPLETED, "This run has ended already."),
    ],
)
def test_nothing_is_asked_whose_answer_would_be_refused(
    page: Client, run: Run, action: str, state: str, said: str
) -> None:
    Run.objects.update(state=state)
    answer = page.get(f"/runs/{run.pk}/{action}/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/runs/{run.pk}/"
    assert said in text(answer)
