"""Audiences are counted by a worker: once for many askers, anew when cut, never for nobody."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

import world
from form_steps import let_a_worker_count
from textmanager.campaigns import counting
from textmanager.campaigns.counting import (
    add_page,
    ask,
    count_audience,
    forget_old_counts,
    lay_down,
    nobody_counts,
    take_up,
)
from textmanager.campaigns.figures import Figures, Question, places_of
from textmanager.campaigns.models import AudienceCount, Campaign, CampaignState, CountState
from textmanager.imis.iqa import IqaPage
from textmanager.organizations.models import ImisConnection, Organization, User
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out

pytestmark = pytest.mark.django_db(transaction=True)

BOARD = Question(
    iqa_path="$/Text Manager/Board of directors",
    answers=(),
    id_column="ID",
    phone_column="MobilePhone",
    template="Hello ${FirstName}",
    empty_values="send",
)
MEMBERS = Question(**{**BOARD.__dict__, "iqa_path": "$/Text Manager/All members"})
SUMMARY = "/campaigns/summary/"


def asked(organization: Organization, actor: User, question: Question = BOARD, **more: Any) -> Any:
    return ask(
        organization=organization,
        actor=actor,
        form_key=more.pop("form_key", "form"),
        question=question,
        **more,
    )


def count(counted: AudienceCount) -> AudienceCount:
    asyncio.run(count_audience.func(counted.pk))
    counted.refresh_from_db()
    return counted


def page(first: int, size: int, *, total: int) -> IqaPage:
    rows: list[dict[str, object]] = [
        {"ID": str(first + at), "MobilePhone": f"202-555-01{(first + at) % 100:02d}"}
        for at in range(size)
    ]
    end = first + size
    return IqaPage(rows, first, total, end if end < total else None, ("ID", "MobilePhone"))


def test_the_whole_audience_is_counted(connected: Organization, alice: User) -> None:
    done = count(asked(connected, alice, MEMBERS))
    assert done.state == CountState.DONE
    assert done.figures["contacts"] == done.done == done.total == 5_000
    assert done.figures["texted"] + sum(done.figures["excluded"].values()) == 5_000
    assert len(done.places) == 4 * 5_000


def test_progress_is_told_page_by_page(connected: Organization, alice: User) -> None:
    waiting = asked(connected, alice)
    begun = take_up(waiting.pk, uuid.uuid4())
    assert begun is not None
    assert add_page(begun, page(0, 20, total=60))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.done, waiting.total) == (CountState.COUNTING, 20, 60)
    assert add_page(begun, page(20, 20, total=60))
    assert add_page(begun, page(40, 20, total=60))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.figures["contacts"]) == (CountState.DONE, 60)


def test_the_same_question_within_two_minutes_has_its_answer(
    connected: Organization, alice: User
) -> None:
    first = count(asked(connected, alice))
    again = asked(connected, alice, form_key="another form")
    assert again.pk == first.pk
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=119)):
        assert asked(connected, alice).pk == first.pk
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=121)):
        assert asked(connected, alice).pk != first.pk


def test_who_wants_figures_of_now_gets_them(connected: Organization, alice: User) -> None:
    first = count(asked(connected, alice))
    assert asked(connected, alice, fresh=True).pk != first.pk


def test_two_forms_wait_for_one_count(connected: Organization, alice: User) -> None:
    assert asked(connected, alice).pk == asked(connected, alice, form_key="other").pk
    assert AudienceCount.objects.count() == 1


def test_a_changed_form_abandons_what_it_asked_before(connected: Organization, alice: User) -> None:
    first = asked(connected, alice)
    begun = take_up(first.pk, uuid.uuid4())
    assert begun is not None
    second = asked(connected, alice, MEMBERS)
    # The worker notices with the next page, and writes nothing any more.
    assert not add_page(begun, page(0, 20, total=20))
    first.refresh_from_db()
    assert first.state == CountState.ABANDONED
    assert first.figures == {}
    assert second.state == CountState.WAITING


def test_another_form_abandons_nothing_of_ours(connected: Organization, alice: User) -> None:
    first = asked(connected, alice)
    asked(connected, alice, MEMBERS, form_key="other")
    first.refresh_from_db()
    assert first.state == CountState.WAITING


def test_an_abandoned_count_is_not_begun(connected: Organization, alice: User) -> None:
    first = asked(connected, alice)
    asked(connected, alice, MEMBERS)
    assert count(first).state == CountState.ABANDONED


def test_run_twice_the_second_takes_over_and_the_first_stops(
    connected: Organization, alice: User
) -> None:
    waiting = asked(connected, alice)
    first, second = take_up(waiting.pk, uuid.uuid4()), take_up(waiting.pk, uuid.uuid4())
    assert first is not None
    assert second is not None
    assert not add_page(first, page(0, 20, total=20))
    assert add_page(second, page(0, 20, total=20))
    waiting.refresh_from_db()
    assert waiting.figures["contacts"] == 20


def test_run_again_after_its_end_it_changes_nothing(connected: Organization, alice: User) -> None:
    done = count(asked(connected, alice))
    at = done.updated_at
    assert count(done).updated_at == at


def test_cut_in_the_middle_it_is_counted_anew(
    connected: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = asked(connected, alice)
    begun = take_up(waiting.pk, uuid.uuid4())
    assert begun is not None
    add_page(begun, page(0, 20, total=60))
    deferred: list[int] = []
    monkeypatch.setattr(counting, "_defer", lambda lost: deferred.append(lost.pk))
    asked(connected, alice)
    assert deferred == []
    with time_machine.travel(timezone.now() + counting.UNTIL_GIVEN_UP + dt.timedelta(seconds=1)):
        asked(connected, alice)
    assert deferred == [waiting.pk]
    done = count(waiting)
    assert (done.state, done.figures["contacts"]) == (CountState.DONE, 8)


def test_a_worker_that_is_told_to_stop_leaves_the_count_to_another(
    connected: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "is_stopping", lambda: True)
    assert count(asked(connected, alice)).state == CountState.WAITING
    begun = take_up(AudienceCount.objects.get().pk, uuid.uuid4())
    assert begun is not None
    lay_down(begun)
    monkeypatch.undo()
    assert count(AudienceCount.objects.get()).state == CountState.DONE


def test_an_imis_that_is_away_is_told_and_asked_again(
    organization: Organization, alice: User
) -> None:
    failed = count(asked(organization, alice))
    assert failed.state == CountState.FAILED
    assert "Nothing answers at" in failed.error
    assert asked(organization, alice).pk == failed.pk
    assert asked(organization, alice, fresh=True).pk != failed.pk


def test_an_organization_without_imis_is_told(organization: Organization, alice: User) -> None:
    ImisConnection.objects.all().delete()
    assert "not connected to iMIS" in count(asked(organization, alice)).error


def test_a_fault_of_ours_is_told_and_not_left_counting(
    connected: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Figures, "add", fail)
    failed = count(asked(connected, alice))
    assert (failed.state, failed.error) == (
        CountState.FAILED,
        "An internal error stopped the counting.",
    )


def test_a_query_without_end_is_given_up(
    connected: Organization, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_ROWS", 40)
    waiting = asked(connected, alice)
    begun = take_up(waiting.pk, uuid.uuid4())
    assert begun is not None
    assert add_page(begun, page(0, 40, total=400))
    assert not add_page(begun, page(40, 40, total=400))
    waiting.refresh_from_db()
    assert waiting.error == "The IQA returns more than 40 rows."


def test_without_a_worker_it_is_said(connected: Organization, alice: User) -> None:
    waiting = asked(connected, alice)
    assert not nobody_counts(waiting)
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=5)):
        assert nobody_counts(waiting)


def test_of_each_reason_a_thousand_are_named_and_all_are_counted(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textmanager.campaigns.figures.MOST_NAMED", 3)
    figures = Figures(organization, BOARD, timezone.now())
    figures.add([{"ID": str(at), "MobilePhone": ""} for at in range(10)])
    assert figures.excluded == {"number:empty": 10}
    assert [person[1] for person in figures.left_out["number:empty"]] == ["0", "1", "2"]


def test_people_are_found_by_their_place(organization: Organization) -> None:
    figures = Figures(organization, BOARD, timezone.now())
    figures.add([{"ID": each, "MobilePhone": "202-555-0100"} for each in ("7", "8", "7")])
    assert places_of("7", figures.places.tobytes()) == [0, 2]
    assert places_of("9", figures.places.tobytes()) == []
    assert places_of("9", b"") == []


def test_a_person_on_two_pages_is_texted_once(organization: Organization) -> None:
    record_opt_out(
        organization_id=organization.pk, number="+12025550102", source=OptOutSource.REPLY
    )
    figures = Figures(organization, BOARD, timezone.now())
    figures.add(page(0, 3, total=6).rows)
    figures.add(page(0, 3, total=6).rows)
    assert figures.texted == 2
    assert figures.excluded == {"opted_out": 2, "duplicate_number": 2}


def test_old_counts_are_removed(connected: Organization, alice: User) -> None:
    asked(connected, alice)
    forget_old_counts(timezone.now() + dt.timedelta(hours=1))
    assert AudienceCount.objects.exists()
    forget_old_counts(timezone.now() + dt.timedelta(hours=3))
    assert not AudienceCount.objects.exists()


def test_a_count_is_its_organizations_alone(
    connected: Organization, alice: User, charlie: User
) -> None:
    count(asked(connected, alice))
    theirs = charlie.memberships.get().organization
    assert asked(theirs, charlie).state == CountState.WAITING


def test_the_summary_shows_how_far_it_is(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    page.post(SUMMARY, filled_in)
    AudienceCount.objects.update(state=CountState.COUNTING, done=1_500, total=5_000)
    html = page.post(SUMMARY, filled_in).content.decode()
    assert "Counting: 1,500 of 5,000 contacts" in html
    assert 'value="1500" max="5000"' in html


def test_the_summary_takes_few_queries_however_large_the_audience(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    django_assert_max_num_queries: Any,
) -> None:
    sent = filled_in | {"iqa_path": "$/Text Manager/All members", "template": "Hello"}
    with django_assert_max_num_queries(18):
        # Begins the count: the row, its job, and their savepoints.
        page.post(SUMMARY, sent)
    let_a_worker_count()
    with django_assert_max_num_queries(12):
        assert "5,000" in page.post(SUMMARY, sent).content.decode()


def test_who_is_left_out_is_listed_by_page(
    connected: Organization, page: Client, filled_in: dict[str, str], bob: User, charlie: User
) -> None:
    sent = filled_in | {"iqa_path": "$/Text Manager/Dirty numbers", "template": "Hello"}
    page.post(SUMMARY, sent)
    let_a_worker_count()
    html = page.post(SUMMARY, sent).content.decode()
    counted = AudienceCount.objects.get()
    address = f"/campaigns/counts/{counted.pk}/duplicate_number/"
    assert f'href="{address}"' in html
    AudienceCount.objects.update(
        left_out={"duplicate_number": [[at, str(at), "x"] for at in range(120)]},
        figures=counted.figures | {"excluded": {"duplicate_number": 5_000}},
    )
    first = page.get(address).content.decode()
    assert "5,000 people get" in first
    assert "The first 120 are listed." in first
    assert "Page 1 of 3" in first
    last = page.get(address + "?page=3", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in last
    assert last.count("<tr>") == 21
    for user, status in ((bob, 403), (charlie, 404)):
        page.force_login(user)
        assert page.get(address).status_code == status


def test_a_count_while_a_campaign_remembers_whom_it_texted(
    connected: Organization, alice: User
) -> None:
    campaign = world.campaign(connected, by=world.sender(connected))
    run = world.run(campaign, created_at=timezone.now())
    world.message(run, 1, to="+12025550100", status="delivered")
    lately = Question(**{**BOARD.__dict__, "days_between_texts": 3, "campaign_id": campaign.pk})
    assert count(asked(connected, alice, lately)).figures["excluded"] == {"texted_recently": 1}


def test_running_now_tells_whom_it_would_text(
    connected: Organization, page: Client, campaign: Campaign, bob: User, charlie: User
) -> None:
    address = f"/campaigns/{campaign.pk}/run-now/figures/"
    assert "Counting who is in the query now" in page.get(address + "?again=1").content.decode()
    let_a_worker_count()
    html = page.get(address).content.decode()
    assert "<dt>Will be texted</dt><dd>8</dd>" in html
    for user, status in ((bob, 403), (charlie, 404)):
        page.force_login(user)
        assert page.get(address).status_code == status


def test_running_now_without_imis_says_so(
    organization: Organization, page: Client, campaign: Campaign
) -> None:
    address = f"/campaigns/{campaign.pk}/run-now/figures/"
    page.get(address)
    let_a_worker_count()
    assert "Nothing answers at" in page.get(address).content.decode()


def test_a_draft_has_no_figures_to_run_by(page: Client, campaign: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.DRAFT, sender=None)
    assert page.get(f"/campaigns/{campaign.pk}/run-now/figures/").status_code == 404
