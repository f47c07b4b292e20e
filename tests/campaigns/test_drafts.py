"""Nothing typed is lost: drafts save themselves, sessions may end, and two people are told."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

import world
from textmanager.campaigns.drafts import forget_old_forms
from textmanager.campaigns.models import Campaign, CampaignState, OpenForm
from textmanager.organizations.models import AuditEvent, Organization, Role, User

AUTOSAVE = "/campaigns/autosave/"
NEW = "/campaigns/new/"


@pytest.fixture
def form() -> dict[str, str]:
    """A new form after its first touch."""
    return {"form_id": str(uuid.uuid4()), "kind": "recurring", "name": "Spring", "template": "Hi"}


@pytest.fixture
def diana(organization: Organization) -> User:
    """Another author of the organization."""
    return world.person("diana", organization, Role.AUTHOR)


def what_a_browser_sends(html: str) -> dict[str, str]:
    """The values of the campaign form as the page has them."""
    form = html[html.index('id="campaign-form"') :]
    form = form[: form.index("</form>")]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in {"radio", "checkbox"} and " checked" not in tag:
            continue
        sent[said["name"]] = said.get("value", "")
    for name, body in re.findall(r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = body.strip()
    for name, body in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', body) or re.search(
            r'value="([^"]*)"', body
        )
        assert chosen
        sent[name] = chosen[1]
    return sent


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def autosave(page: Client, sent: dict[str, Any]) -> dict[str, Any]:
    answer = page.post(AUTOSAVE, sent)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


@time_machine.travel(dt.datetime(2026, 11, 23, 15, 32, tzinfo=dt.UTC), tick=False)
def test_a_new_form_saves_itself_as_a_draft(
    page: Client, form: dict[str, str], alice: User
) -> None:
    told = autosave(page, form)
    draft = Campaign.objects.get()
    assert told["campaign_id"] == draft.pk
    assert told["address"] == f"/campaigns/{draft.pk}/edit/"
    assert told["saved_at"] == "10:32 AM EST"
    assert (draft.state, draft.name, draft.template) == (CampaignState.DRAFT, "Spring", "Hi")
    assert draft.typed == {"name": "Spring", "template": "Hi"}
    assert draft.next_run_at is None
    assert AuditEvent.objects.get(action="drafted").actor == alice


def test_a_form_is_one_draft_however_often_it_reports(page: Client, form: dict[str, str]) -> None:
    autosave(page, form)
    autosave(page, form | {"name": "Summer"})
    assert Campaign.objects.get().name == "Summer"


@pytest.mark.parametrize("kind", ["one_time", "recurring"])
def test_a_form_that_nobody_typed_into_is_no_draft(
    page: Client, organization: Organization, kind: str
) -> None:
    organization.report_emails = ["office@example.org"]
    organization.save()
    address = f"{NEW}?kind={kind}"
    untouched = what_a_browser_sends(page.get(address).content.decode())
    assert untouched["report_emails"] == "office@example.org"
    assert untouched["form_id"]
    # Saving is refused, and the page that says so keeps itself like any other.
    refused = page.post(address, untouched)
    assert refused.status_code == 422
    again = what_a_browser_sends(refused.content.decode())
    # Both are another each time: one by chance, the other by the second.
    changing = {"csrfmiddlewaretoken": "", "person": ""}
    assert again | changing == untouched | changing
    assert page.post(AUTOSAVE, again).status_code == 204
    kept = page.post(address, untouched | {"save": "draft"}, follow=True).content.decode()
    assert "Nothing was typed yet" in kept
    assert not Campaign.objects.exists()
    # Anything at all is kept.
    for name, value in (
        ("template", "H"),
        ("start_time", "10:15"),
        ("report_emails", ""),
        ("api_mode", "live"),
        ("prompt-Chapter", "North"),
    ):
        once = untouched | {"form_id": str(uuid.uuid4()), name: value}
        assert page.post(AUTOSAVE, once).status_code == 200, name
    assert Campaign.objects.count() == 5


def test_a_draft_that_is_emptied_again_is_still_kept(page: Client) -> None:
    untouched = what_a_browser_sends(page.get(NEW).content.decode())
    autosave(page, untouched | {"name": "Spring"})
    autosave(page, untouched)
    assert Campaign.objects.get().name == "Untitled campaign"


def test_what_is_wrong_is_kept_as_it_was_typed(page: Client, form: dict[str, str]) -> None:
    told = autosave(page, form | {"start_date": "soon", "report_emails": "nonsense", "name": ""})
    html = page.get(told["address"]).content.decode()
    assert 'value="soon"' in html
    assert "nonsense" in html
    assert Campaign.objects.get().name == "Untitled campaign"


def test_a_draft_can_be_finished(
    connected: Organization, page: Client, form: dict[str, str], filled_in: dict[str, str]
) -> None:
    told = autosave(page, form)
    sent = filled_in | {"version": str(told["version"]), "form_id": form["form_id"]}
    assert page.post(told["address"], sent).status_code == 302
    campaign = Campaign.objects.get()
    assert campaign.state == CampaignState.ACTIVE
    assert campaign.typed == {}
    assert campaign.next_run_at is not None
    assert AuditEvent.objects.get(action="created").before == {}


def test_a_form_whose_draft_is_not_known_to_it_finishes_it_all_the_same(
    connected: Organization, page: Client, form: dict[str, str], filled_in: dict[str, str]
) -> None:
    """The answer to the first autosave was lost on the way."""
    autosave(page, form)
    assert page.post(NEW, filled_in | {"form_id": form["form_id"]}).status_code == 302
    assert Campaign.objects.get().state == CampaignState.ACTIVE


def test_a_form_sent_twice_is_one_campaign(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    sent = filled_in | {"form_id": str(uuid.uuid4())}
    assert page.post(NEW, sent).status_code == 302
    assert page.post(NEW, sent).status_code == 302
    assert Campaign.objects.count() == 1
    assert AuditEvent.objects.filter(action="created").count() == 1


def test_a_form_that_comes_back_with_other_words_is_not_said_to_be_saved(
    page: Client, filled_in: dict[str, str], connected: Organization
) -> None:
    """Somebody saves, goes back in the browser, changes the text and saves again."""
    sent = filled_in | {"form_id": str(uuid.uuid4())}
    page.post(NEW, sent)
    answer = page.post(NEW, sent | {"template": "Another text, ${FirstName}"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "This form was saved already" in html
    assert "Another text" in html
    assert Campaign.objects.get().template == filled_in["template"]


def test_a_form_whose_draft_was_deleted_is_not_said_to_be_saved(
    page: Client, form: dict[str, str], filled_in: dict[str, str], connected: Organization
) -> None:
    told = autosave(page, form)
    page.post(f"/campaigns/{told['campaign_id']}/delete/")
    answer = page.post(NEW, filled_in | {"form_id": form["form_id"]})
    assert answer.status_code == 422
    assert "was deleted. Nothing was saved now" in answer.content.decode()


def test_a_late_autosave_does_not_turn_a_campaign_back_into_a_draft(
    connected: Organization, page: Client, form: dict[str, str], filled_in: dict[str, str]
) -> None:
    page.post(NEW, filled_in | {"form_id": form["form_id"]})
    autosave(page, form)
    campaign = Campaign.objects.get()
    assert campaign.state == CampaignState.ACTIVE
    assert campaign.name == "Dues reminder"


def test_without_scripts_a_draft_is_saved_by_its_button(page: Client, form: dict[str, str]) -> None:
    answer = page.post(NEW, form | {"save": "draft", "start_date": "soon"}, follow=True)
    assert "The draft is saved" in answer.content.decode()
    draft = Campaign.objects.get()
    assert draft.typed["start_date"] == "soon"
    page.post(
        f"/campaigns/{draft.pk}/edit/",
        form | {"save": "draft", "name": "Later", "version": draft.version},
    )
    assert Campaign.objects.get().name == "Later"


def test_a_draft_never_runs(page: Client, form: dict[str, str]) -> None:
    told = autosave(page, form)
    answer = page.post(f"/campaigns/{told['campaign_id']}/run-now/", follow=True)
    assert "Finish this draft" in answer.content.decode()


def test_changes_of_a_campaign_wait_beside_it_and_come_back(
    page: Client, campaign: Campaign
) -> None:
    address = f"/campaigns/{campaign.pk}/edit/"
    autosave(page, {"campaign_id": campaign.pk, "version": campaign.version, "name": "Other"})
    campaign.refresh_from_db()
    assert (campaign.name, campaign.version) == ("Dues reminder", 1)
    html = page.get(address).content.decode()
    assert "These are your unsaved changes" in html
    assert 'value="Other"' in html
    page.post(f"/campaigns/{campaign.pk}/discard/")
    html = page.get(address).content.decode()
    assert "These are your unsaved changes" not in html
    assert 'value="Dues reminder"' in html


def test_unsaved_changes_are_their_owners_alone(
    page: Client, campaign: Campaign, diana: User
) -> None:
    autosave(page, {"campaign_id": campaign.pk, "version": campaign.version, "name": "Other"})
    html = browser(diana).get(f"/campaigns/{campaign.pk}/edit/").content.decode()
    assert "unsaved changes" not in html
    assert 'value="Dues reminder"' in html
    browser(diana).post(f"/campaigns/{campaign.pk}/discard/")
    assert OpenForm.objects.get(user__username="alice").typed == {"name": "Other"}


def test_two_people_at_one_campaign_are_told_of_each_other(
    page: Client, campaign: Campaign, diana: User
) -> None:
    here = {"campaign_id": campaign.pk, "version": campaign.version, "still_here": "1"}
    assert autosave(page, here)["others"] == []
    assert autosave(browser(diana), here)["others"] == ["alice"]
    html = browser(diana).get(f"/campaigns/{campaign.pk}/edit/").content.decode()
    assert "alice is editing this campaign too." in html
    OpenForm.objects.filter(user__username="alice").update(
        seen_at=timezone.now() - dt.timedelta(minutes=1)
    )
    assert autosave(browser(diana), here)["others"] == []


def test_saying_hello_keeps_what_was_typed(page: Client, campaign: Campaign) -> None:
    there = {"campaign_id": campaign.pk, "version": campaign.version}
    autosave(page, there | {"name": "Other"})
    autosave(page, there | {"still_here": "1"})
    assert OpenForm.objects.get().typed == {"name": "Other"}


def test_a_draft_that_another_changed_is_not_overwritten(
    page: Client, form: dict[str, str], diana: User
) -> None:
    told = autosave(page, form)
    there = {"campaign_id": told["campaign_id"], "version": told["version"]}
    autosave(browser(diana), there | {"name": "Hers", "template": "Hi"})
    told = autosave(page, there | {"name": "Mine", "template": "Hi"})
    assert told["edited_meanwhile"]
    assert Campaign.objects.get().typed["name"] == "Hers"
    html = page.get(told["address"]).content.decode()
    assert "What differs from what is saved now" in html
    assert "Mine" in html
    assert "Hers" in html


def test_who_saves_over_anothers_version_sees_what_differs(
    connected: Organization, page: Client, campaign: Campaign, filled_in: dict[str, str]
) -> None:
    Campaign.objects.update(api_mode="test", version=2, template="Hello from Diana")
    sent = filled_in | {"version": "1", "campaign_id": str(campaign.pk)}
    html = page.post(f"/campaigns/{campaign.pk}/edit/", sent).content.decode()
    assert "Somebody else has saved this campaign" in html
    assert "<td>Hello ${FirstName|friend}</td><td>Hello from Diana</td>" in html
    assert 'name="version" value="2"' in html
    assert Campaign.objects.get().template == "Hello from Diana"


def test_a_form_sent_after_its_session_ended_comes_back(
    page: Client, campaign: Campaign, alice: User
) -> None:
    address = f"/campaigns/{campaign.pk}/edit/"
    html = page.get(address).content.decode()
    person = html.split('name="person" value="')[1].split('"')[0]
    page.logout()
    sent = {"person": person, "name": "Typed in vain?", "version": "1"}
    answer = page.post(address, sent)
    assert answer.status_code == 302
    assert answer["Location"] == f"/sign-in/?next={address}"
    page.force_login(alice)
    html = page.get(address).content.decode()
    assert "Your session had ended" in html
    assert 'value="Typed in vain?"' in html
    assert "data-unsaved" in html
    # Once: what comes next is what is saved.
    assert 'value="Dues reminder"' in page.get(address).content.decode()


def test_another_person_at_that_browser_does_not_get_the_form(page: Client, diana: User) -> None:
    html = page.get(NEW).content.decode()
    person = html.split('name="person" value="')[1].split('"')[0]
    page.logout()
    page.post(NEW, {"person": person, "name": "Secret plans"})
    page.force_login(diana)
    assert "Secret plans" not in page.get(NEW).content.decode()


def test_strangers_leave_nothing_behind(client: Client, organization: Organization) -> None:
    assert client.post(NEW, {"person": "forged", "name": "x"}).status_code == 302
    assert "form_of_ended_session" not in client.session


def test_a_viewer_and_a_stranger_keep_nothing(
    campaign: Campaign, bob: User, charlie: User, form: dict[str, str]
) -> None:
    there = {"campaign_id": str(campaign.pk), "version": "1", "name": "x"}
    assert browser(bob).post(AUTOSAVE, there).status_code == 403
    assert browser(charlie).post(AUTOSAVE, there).status_code == 404
    assert browser(charlie).post(AUTOSAVE, there | {"still_here": "1"}).status_code == 404
    autosave(browser(charlie), form)
    assert Campaign.objects.get(name="Spring").organization.cloud_id == "other"
    assert not OpenForm.objects.filter(campaign=campaign).exists()
    browser(bob).post(f"/campaigns/{campaign.pk}/discard/")


def test_a_campaign_that_has_begun_cannot_be_changed(page: Client, campaign: Campaign) -> None:
    Campaign.objects.update(kind="one_time", state=CampaignState.SENDING)
    answer = page.get(f"/campaigns/{campaign.pk}/edit/", follow=True)
    assert "has begun and cannot be changed" in answer.content.decode()
    refused = page.post(AUTOSAVE, {"campaign_id": campaign.pk, "version": 1, "name": "x"})
    assert refused.status_code == 409
    assert "has begun" in refused.json()["refused"]


def test_forms_left_open_are_forgotten_after_a_month(page: Client, campaign: Campaign) -> None:
    autosave(page, {"campaign_id": campaign.pk, "version": 1, "name": "x"})
    now = timezone.now()
    forget_old_forms(now + dt.timedelta(days=29))
    assert OpenForm.objects.exists()
    forget_old_forms(now + dt.timedelta(days=31))
    assert not OpenForm.objects.exists()


def test_more_than_anybody_types_is_not_kept(page: Client, form: dict[str, str]) -> None:
    autosave(page, form | {"template": "x" * 70_000})
    assert Campaign.objects.get().typed == {}
