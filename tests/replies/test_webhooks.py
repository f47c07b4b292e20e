"""Twilio's webhooks: believed only when signed, acted on at once, harmless when repeated."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError
from twilio.request_validator import RequestValidator

import world
from textmanager.config.asgi import application
from textmanager.config.bridge import in_database
from textmanager.gateway.receipts import callback_url
from textmanager.organizations.models import Organization, TwilioConnection
from textmanager.replies import signers
from textmanager.replies.models import InboundText, OptOut
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.models import Message, Receipt
from textmanager.runs.pipeline import intake
from textmanager.text.statuses import MessageStatus

# The webhooks' database work is done in threads with connections of their own.
pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = "https://texts.example.org"
MEMBER = "+12025550143"
SID = "SM" + "1" * 32
TOKENS = {"sample": "token of sample", "other": "token of other"}


@pytest.fixture(autouse=True)
def public_address(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["*"]


def call(path: str, form: dict[str, str], *, signature: str | None = None) -> int:
    """Calls a webhook as Twilio does, signed with the organization's token unless told."""
    cloud_id = path.split("/")[3]
    if signature is None:
        token = TOKENS.get(cloud_id, "unknown")
        signature = RequestValidator(token).compute_signature(PUBLIC + path, form)

    return asyncio.run(post(path, urlencode(form).encode(), signature))


async def post(path: str, body: bytes, signature: str, method: str = "POST") -> int:
    """One request to the web process; the status of its answer."""
    address, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": address,
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "headers": [(b"x-twilio-signature", signature.encode())],
    }
    web = ApplicationCommunicator(application, scope)
    await web.send_input({"type": "http.request", "body": body})
    start = await web.receive_output()
    await web.receive_output()
    await web.wait()
    return int(start["status"])


def text_from_member(body: str, sid: str = SID, **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "From": MEMBER, "To": "555010", "Body": body, **more}


def receipt(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": SID, "MessageStatus": status, "To": MEMBER, **more}


def status_path(cloud_id: str, message: Message) -> str:
    """The address that the text carried to Twilio, as Twilio calls it: without its fragment."""
    address = callback_url(PUBLIC, f"/hooks/twilio/{cloud_id}/status", message.reference)
    return address.removeprefix(PUBLIC).partition("#")[0]


INBOUND = "/hooks/twilio/sample/inbound"


def test_a_text_is_kept(organization: Organization) -> None:
    assert call(INBOUND, text_from_member("Can I bring my wife?")) == 200
    text = InboundText.objects.get()
    assert (text.from_number, text.body, text.keyword) == (MEMBER, "Can I bring my wife?", "")
    assert text.organization == organization
    assert not OptOut.objects.exists()


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "Cancel", "END", "QUIT"]
)
def test_stop_takes_effect_at_once(organization: Organization, word: str) -> None:
    assert call(INBOUND, text_from_member(word)) == 200
    assert opted_out_among(organization.pk, [MEMBER]) == {MEMBER}
    assert OptOut.objects.get().evidence == word.strip() or OptOut.objects.get().evidence == word


@pytest.mark.parametrize("word", ["START", "unstop", "YES"])
def test_start_lets_texts_come_again_and_keeps_the_history(
    organization: Organization, word: str
) -> None:
    call(INBOUND, text_from_member("STOP", sid="SM" + "2" * 32))
    call(INBOUND, text_from_member(word))
    assert opted_out_among(organization.pk, [MEMBER]) == frozenset()
    entry = OptOut.objects.get()
    assert entry.cleared_at is not None
    assert word in entry.cleared_because


def test_what_twilio_recognised_itself_counts(organization: Organization) -> None:
    call(INBOUND, text_from_member("please let me out of this", OptOutType="STOP"))
    assert opted_out_among(organization.pk, [MEMBER]) == {MEMBER}


def test_a_repeated_webhook_changes_nothing(organization: Organization) -> None:
    for body in ("STOP", "STOP"):
        call(INBOUND, text_from_member(body))
    call(INBOUND, text_from_member("START", sid="SM" + "2" * 32))
    # Twilio's repetition of the first, an hour late.
    call(INBOUND, text_from_member("STOP"))
    assert opted_out_among(organization.pk, [MEMBER]) == frozenset()
    assert InboundText.objects.count() == 2


def test_an_opt_out_concerns_the_organization_that_was_told(organization: Organization) -> None:
    other = world.organization("other")
    call(INBOUND, text_from_member("STOP"))
    assert opted_out_among(other.pk, [MEMBER]) == frozenset()


@pytest.mark.parametrize("signature", ["", "nonsense", "ü", "A" * 27 + "="])
def test_what_is_not_signed_is_refused_and_not_kept(
    organization: Organization, signature: str
) -> None:
    assert call(INBOUND, text_from_member("STOP"), signature=signature) == 403
    assert not InboundText.objects.exists()
    assert not OptOut.objects.exists()


def test_another_organizations_signature_is_not_ours(organization: Organization) -> None:
    world.organization("other")
    form = text_from_member("STOP")
    theirs = RequestValidator(TOKENS["other"]).compute_signature(PUBLIC + INBOUND, form)
    assert call(INBOUND, form, signature=theirs) == 403


def test_a_signature_for_another_address_is_refused(organization: Organization) -> None:
    form = text_from_member("STOP")
    signature = RequestValidator(TOKENS["sample"]).compute_signature(
        f"{PUBLIC}/hooks/twilio/other/inbound", form
    )
    assert call(INBOUND, form, signature=signature) == 403


def test_an_organization_that_does_not_exist_is_refused_alike(organization: Organization) -> None:
    assert call("/hooks/twilio/nobody/inbound", text_from_member("STOP")) == 403


def test_a_receipt_leads_home_by_our_reference(organization: Organization) -> None:
    run = world.run(world.campaign(organization, by=world.sender(organization)))
    message = world.message(run, 1, status=MessageStatus.ACCEPTED, sid=SID)
    path = status_path("sample", message)
    assert call(path, receipt("delivered")) == 204
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    kept = Receipt.objects.get()
    assert (kept.twilio_status, kept.raw["MessageStatus"]) == ("delivered", "delivered")


def test_a_receipt_of_another_organization_changes_nothing(organization: Organization) -> None:
    world.organization("other")
    run = world.run(world.campaign(organization, by=world.sender(organization)))
    message = world.message(run, 1, status=MessageStatus.ACCEPTED, sid=SID)
    path = status_path("other", message)
    assert call(path, receipt("failed", ErrorCode="30006")) == 204
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


def test_an_unsigned_receipt_changes_nothing(organization: Organization) -> None:
    run = world.run(world.campaign(organization, by=world.sender(organization)))
    message = world.message(run, 1, status=MessageStatus.ACCEPTED, sid=SID)
    path = status_path("sample", message)
    assert call(path, receipt("failed"), signature="x") == 403
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    assert not Receipt.objects.exists()


def test_a_receipt_that_is_none_of_ours_is_answered_so_that_twilio_stops(
    organization: Organization,
) -> None:
    assert call("/hooks/twilio/sample/status", receipt("delivered")) == 204
    assert call("/hooks/twilio/sample/status?ref=zz-1", receipt("delivered")) == 204
    assert Message.objects.count() == 0


def test_only_what_twilio_calls_is_there(organization: Organization) -> None:
    for path in ("/hooks/twilio/sample/", "/hooks/twilio/sample/other", "/hooks/twilio/a/b/status"):
        assert call(path, receipt("delivered")) == 404
    assert asyncio.run(post(INBOUND, b"", "", method="GET")) == 405


def test_a_body_longer_than_any_of_twilios_is_not_read(organization: Organization) -> None:
    assert asyncio.run(post(INBOUND, b"x" * 300_000, "")) == 413


def test_a_new_token_holds_at_once_and_an_old_one_a_few_seconds(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one process, which remembers tokens."""
    monkeypatch.setattr(signers, "REMEMBERED", 0.2)
    body = urlencode(receipt("delivered")).encode()
    path = "/hooks/twilio/sample/status"

    def signed_with(token: str) -> str:
        return RequestValidator(token).compute_signature(PUBLIC + path, receipt("delivered"))

    def change_token() -> None:
        twilio = organization.twilio
        twilio.set_auth_token("another token")
        twilio.save()

    async def go() -> list[int]:
        old, new = signed_with(TOKENS["sample"]), signed_with("another token")
        answers = [await post(path, body, old), await post(path, body, new)]
        await in_database(change_token)
        answers += [await post(path, body, new), await post(path, body, old)]
        await asyncio.sleep(0.25)
        return [*answers, await post(path, body, old), await post(path, body, new)]

    assert asyncio.run(go()) == [204, 403, 204, 403, 403, 204]


def test_while_the_database_is_away_twilio_is_asked_to_repeat(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_taken: object) -> None:
        raise OperationalError("The database is away.")

    monkeypatch.setattr(intake, "apply_receipts", away)
    assert call("/hooks/twilio/sample/status", receipt("delivered")) == 503


def test_the_accounts_secondary_token_signs_too(organization: Organization) -> None:
    form = receipt("delivered")
    path = "/hooks/twilio/sample/status"
    signature = RequestValidator("the second").compute_signature(PUBLIC + path, form)
    assert call(path, form, signature=signature) == 403
    organization.twilio.set_secondary_token("the second")
    organization.twilio.save()
    assert call(path, form, signature=signature) == 204
    assert call(path, form) == 204


def test_it_is_remembered_that_twilio_itself_called(organization: Organization) -> None:
    refused = call("/hooks/twilio/sample/inbound", text_from_member("Hi"), signature="forged")
    assert refused == 403
    assert TwilioConnection.objects.get().last_webhook_at is None
    assert call("/hooks/twilio/sample/inbound", text_from_member("Hi")) == 200
    assert TwilioConnection.objects.get().last_webhook_at is not None
