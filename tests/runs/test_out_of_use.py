"""Nobody is asked to send from a sender from which nothing can leave."""

from __future__ import annotations

import pytest
from django.test import Client

import world
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import Sender, User
from textmanager.runs.holding import hold_runs_of
from textmanager.runs.models import Run, RunState
from textmanager.runs.retrying import try_again

MAY_NOT = "Campaigns may not send from “Office” any more."


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def out_of_use(sender: Sender) -> Sender:
    Sender.objects.update(is_active=False)
    sender.refresh_from_db()
    return sender


def told(page: Client, address: str, *, press: bool = False) -> str:
    return (page.post if press else page.get)(address, follow=True).content.decode()


def test_its_held_run_goes_on_only_once_it_is_in_use_again(
    page: Client, run: Run, out_of_use: Sender
) -> None:
    hold_runs_of(out_of_use.pk)
    address = f"/runs/{run.pk}/resume/"
    for press in (False, True):
        html = told(page, address, press=press)
        assert MAY_NOT in html
        assert "The run goes on." not in html
        run.refresh_from_db()
        assert run.state == RunState.HELD
    Sender.objects.update(is_active=True)
    assert "The run goes on." in told(page, address, press=True)


def test_a_sender_that_is_in_use_again_has_nothing_held(run: Run, sender: Sender) -> None:
    hold_runs_of(sender.pk)
    run.refresh_from_db()
    assert run.state == RunState.SENDING


@pytest.mark.usefixtures("out_of_use")
def test_its_campaign_is_not_run_by_hand(page: Client, campaign: Campaign) -> None:
    for press in (False, True):
        html = told(page, f"/campaigns/{campaign.pk}/run-now/", press=press)
        assert f"{MAY_NOT} Choose another sender" in html
        assert "Send the texts now" not in html
    assert not Run.objects.exists()


@pytest.mark.usefixtures("out_of_use")
def test_its_failed_texts_are_not_tried_again(page: Client, run: Run, alice: User) -> None:
    world.message(run, 0, status="undelivered", error_code=30008)
    Run.objects.update(state=RunState.COMPLETED)
    with pytest.raises(NotPossible, match="may not send"):
        try_again(organization=run.organization, run_id=run.pk, actor=alice)
    html = told(page, f"/runs/{run.pk}/try-again/")
    assert f"{MAY_NOT} Let them first" in html
    assert "Try the failed texts again?" not in html


@pytest.mark.usefixtures("out_of_use")
def test_the_form_says_why_it_asks_for_another(page: Client, campaign: Campaign) -> None:
    html = told(page, f"/campaigns/{campaign.pk}/edit/")
    assert f"{MAY_NOT} Choose another sender." in html


def test_the_question_before_a_run_says_that_it_will_be_held(
    page: Client, campaign: Campaign
) -> None:
    address = f"/campaigns/{campaign.pk}/run-now/"
    assert "the run will be held" not in told(page, address)
    Sender.objects.update(unfit_because="It is not in this Twilio account.")
    html = told(page, address)
    assert "the run will be held. It is not in this Twilio account." in html
    Campaign.objects.update(api_mode="test")
    assert "the run will be held" not in told(page, address)
