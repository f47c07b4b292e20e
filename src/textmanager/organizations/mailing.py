"""Mails people, and tells in words that an administrator can act on whether mail leaves here."""

from __future__ import annotations

import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection, send_mail
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email

from textmanager.organizations.models import Organization

logger = logging.getLogger(__name__)

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


def addresses_in(text: str) -> list[str]:
    """The addresses that somebody typed with commas, semicolons or blanks between, each once.

    Raises ValidationError.
    """
    addresses = [each for each in re.split(r"[\s,;]+", text) if each]
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError(f"“{address}” is not an e-mail address.") from None
    return list(dict.fromkeys(addresses))


def subject_line(text: str) -> str:
    """A subject with names in it. A line break within would be a header of its own."""
    return " ".join(text.split())


def tell(to: Sequence[str], subject: str, words: str) -> None:
    """Mails people who find the same on a page: what cannot be mailed is only logged."""
    if not to:
        return
    try:
        send_mail(
            subject=subject_line(subject), message=words, from_email=None, recipient_list=list(to)
        )
    except MAIL_TROUBLE:
        logger.exception("The mail “%s” cannot be sent", subject)


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
            subject=subject_line(f"A test mail from Text Manager for {organization.name}"),
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
