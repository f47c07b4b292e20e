"""Who is mailed what, and what a mail server's answer means."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from processes import free_ports
from textmanager.organizations.mailing import in_words, mail_server, tell
from textmanager.organizations.models import Organization, Sender, User

pytestmark = pytest.mark.django_db

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def test_addresses_are_kept_once_each_and_wrong_ones_told(
    desk: Client, organization: Organization
) -> None:
    form = {
        "alert_emails": "office@example.org; it@example.org",
        "reply_emails": "a@example.org, a@example.org",
        "report_emails": "",
    }
    page = desk.post("/settings/mail/", form, follow=True).content.decode()
    assert "office@example.org, it@example.org is told of what needs a hand." in page
    organization.refresh_from_db()
    assert organization.alert_emails == ["office@example.org", "it@example.org"]
    assert organization.reply_emails == ["a@example.org"]
    wrong = desk.post("/settings/mail/", {**form, "report_emails": "nobody"}).content.decode()
    assert "“nobody” is not an e-mail address" in wrong
    assert 'value="nobody"' in wrong


def test_a_test_mail_is_sent_to_whoever_asks(desk: Client) -> None:
    page = desk.post("/settings/mail/test/", {"to": "alice@example.org"}, follow=True)
    assert "The mail server took a test mail to alice@example.org" in page.content.decode()
    assert mail.outbox[0].to == ["alice@example.org"]
    for no_address in ("", "alice", "a@b.org\nBcc: c@d.org"):
        page = desk.post("/settings/mail/test/", {"to": no_address}, follow=True)
        assert "Enter the e-mail" in page.content.decode()
    assert len(mail.outbox) == 1


def test_a_line_break_in_a_name_is_no_header_of_its_own() -> None:
    tell(["office@example.org"], "Held: Spring\r\nBcc: someone@example.org", "Look at it.")
    assert mail.outbox[0].subject == "Held: Spring Bcc: someone@example.org"
    assert mail.outbox[0].recipients() == ["office@example.org"]


def test_a_server_that_is_not_there_is_told_in_words(desk: Client, settings: Any) -> None:
    (port,) = free_ports(1)
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", port
    settings.EMAIL_TIMEOUT = 2
    server = mail_server()
    assert server.problem == "Nothing listens at the mail server's address."
    assert f"127.0.0.1, port {port}" in desk.get("/settings/mail/state/").content.decode()
    page = desk.post("/settings/mail/test/", {"to": "alice@example.org"}, follow=True)
    assert "Nothing listens" in page.content.decode()


def test_mail_that_leaves_nothing_is_told(desk: Client) -> None:
    assert "No mail leaves this installation" in desk.get("/settings/mail/state/").content.decode()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad\r\ncredentials"), "user name and pass"),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad\r\ncredentials"), "535 5.7.8 Bad cred"),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"No such user")}), "550 No such user"),
        (smtplib.SMTPSenderRefused(553, b"Not yours", "a@b.c"), "as the sender. It says: 553"),
        (smtplib.SMTPNotSupportedError("STARTTLS"), "encryption or sign-in"),
        (smtplib.SMTPServerDisconnected("gone"), "hung up"),
        (smtplib.SMTPDataError(552, b"Too large"), "552 Too large"),
        (ssl.SSLCertVerificationError("self-signed"), "cannot be trusted"),
        (TimeoutError(), "does not answer"),
        (socket.gaierror(-2, "unknown"), "no mail server of that name"),
        (ConnectionRefusedError(), "Nothing listens"),
        (OSError("no route"), "cannot be reached"),
    ],
)
def test_an_answer_has_its_meaning(error: Exception, told: str) -> None:
    assert told in in_words(error)


def test_a_new_campaign_reports_to_whom_the_organization_says(
    desk: Client, organization: Organization, sender: Sender
) -> None:
    Organization.objects.update(report_emails=["office@example.org", "it@example.org"])
    assert "office@example.org, it@example.org" in desk.get("/campaigns/new/").text
