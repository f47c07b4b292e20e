"""Whether mail leaves this installation, told in words that an administrator can act on."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.core.mail.backends.smtp import EmailBackend

from textmanager.organizations.models import Organization

MAIL_TROUBLE = (smtplib.SMTPException, OSError)
# The first that fits counts: the special ones stand before the general ones.
MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "The mail server does not accept the user name and password.",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The mail server does not offer the encryption or sign-in that is set.",
    ),
    (smtplib.SMTPServerDisconnected, "The mail server hung up."),
    (smtplib.SMTPException, "The mail server refuses the mail."),
    (ssl.SSLError, "The mail server's encryption cannot be trusted, or it speaks none."),
    (TimeoutError, "The mail server does not answer."),
    (socket.gaierror, "There is no mail server of that name."),
    (ConnectionRefusedError, "Nothing listens at the mail server's address."),
    (Exception, "The mail server cannot be reached."),
)


@dataclass(frozen=True)
class MailServer:
    """Where mail goes; `problem` is why it does not get there, empty when it does."""

    where: str
    problem: str = ""
    is_real: bool = True


def mail_server() -> MailServer:
    """Signs in at the mail server, and sends nothing. Takes up to the mail's timeout."""
    backend = get_connection()
    if not isinstance(backend, EmailBackend):
        return MailServer(_without_a_server(), is_real=False)
    where = f"{backend.host}, port {backend.port}"
    try:
        backend.open()
    except MAIL_TROUBLE as error:
        return MailServer(where, in_words(error))
    finally:
        backend.close()
    return MailServer(where)


def send_test(organization: Organization, to: str) -> str:
    """Mails one line to a person; what went wrong in words, empty when the server took it."""
    try:
        send_mail(
            subject=f"A test mail from Text Manager for {organization.name}",
            message=(
                f"This mail shows that Text Manager can reach you.\n\n{settings.PUBLIC_URL}\n"
            ),
            from_email=None,
            recipient_list=[to],
        )
    except MAIL_TROUBLE as error:
        return in_words(error)
    return ""


def in_words(error: Exception) -> str:
    """What a mail server's refusal means, with its own words behind it; never a password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return f"The mail server refuses the recipient.{_its_words(code, answer)}"
    meaning = next(words for kind, words in MEANINGS if isinstance(error, kind))
    if isinstance(error, smtplib.SMTPSenderRefused):
        meaning = f"The mail server refuses {settings.DEFAULT_FROM_EMAIL} as the sender."
    if isinstance(error, smtplib.SMTPResponseException):
        return meaning + _its_words(error.smtp_code, error.smtp_error)
    return meaning


def _its_words(code: int, answer: bytes | str) -> str:
    said = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f" It says: {code} {' '.join(said.split())[:200]}"


def _without_a_server() -> str:
    folder = getattr(settings, "EMAIL_FILE_PATH", "")
    return f"the folder {folder}" if folder else "the console of the program"
