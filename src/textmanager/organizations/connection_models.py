"""How an organization's iMIS and Twilio account are reached, its secrets sealed."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from textmanager.gateway.dress_rehearsal import TestCredentials
from textmanager.gateway.sender import TwilioCredentials
from textmanager.organizations.secrets import seal, unseal

ACTIVITY_TYPE = RegexValidator(
    r"^[A-Z0-9_-]+$", "An activity type is capital letters, digits, _ and -, without blanks."
)


class ImisConnection(models.Model):
    """How an organization's iMIS is reached: its address and the background account."""

    organization = models.OneToOneField(
        "organizations.Organization", on_delete=models.CASCADE, related_name="imis"
    )
    base_url = models.URLField()
    username = models.CharField(max_length=150)
    password_sealed = models.TextField(editable=False)
    password_changed_at = models.DateTimeField(default=timezone.now)
    # How the watch over it found it last.
    last_success_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    warned_of = models.CharField(max_length=40, blank=True)
    # When iMIS refused the very password that is kept here: nobody tries it again for a while.
    refused_at = models.DateTimeField(null=True, blank=True)
    # What records are written as; these are the usual names.
    text_type = models.CharField(max_length=20, default="TEXTMSG", validators=[ACTIVITY_TYPE])
    opt_out_type = models.CharField(max_length=20, default="TEXTUNSUB", validators=[ACTIVITY_TYPE])
    came_back_type = models.CharField(
        max_length=20, default="TEXTUNSUB_A", validators=[ACTIVITY_TYPE]
    )
    # When the opt-outs that this iMIS knows were last read; None since it is another site.
    opt_outs_read_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.username} at {self.base_url}"

    def set_password(self, password: str) -> None:
        self.password_sealed = seal(password)
        self.password_changed_at = timezone.now()
        self.refused_at = None

    def set_site(self, base_url: str, username: str) -> None:
        if base_url != self.base_url:
            self.opt_outs_read_at = None
        if (base_url, username) != (self.base_url, self.username):
            self.refused_at = None
        self.base_url, self.username = base_url, username

    @property
    def password(self) -> str:
        return unseal(self.password_sealed)


class Receiving(models.TextChoices):
    """How receipts and replies come in."""

    AUTOMATIC = "automatic", "Twilio calls us; where it cannot, we ask Twilio every minute"
    POLLING = "polling", "We ask Twilio every minute"


class TwilioConnection(models.Model):
    """How an organization's Twilio account is reached, and how it reaches us."""

    organization = models.OneToOneField(
        "organizations.Organization", on_delete=models.CASCADE, related_name="twilio"
    )
    account_sid = models.CharField(
        max_length=34,
        validators=[RegexValidator(r"^AC[0-9a-fA-F]{32}$", "An account SID is AC and 32 digits.")],
    )
    # Empty where an API key signs in alone: then no webhook can be believed.
    auth_token_sealed = models.TextField(editable=False, blank=True)
    # While tokens are changed at Twilio, the second one may become the signing one at any moment.
    secondary_token_sealed = models.TextField(editable=False, blank=True)
    api_key_sid = models.CharField(max_length=34, blank=True)
    api_key_secret_sealed = models.TextField(editable=False, blank=True)
    # Twilio's test credentials, for TEST runs: they can neither send nor cost anything.
    test_account_sid = models.CharField(max_length=34, blank=True)
    test_auth_token_sealed = models.TextField(editable=False, blank=True)
    base_url = models.URLField(default="https://api.twilio.com")
    # How the watch over it found it last.
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    receiving = models.CharField(max_length=9, choices=Receiving, default=Receiving.AUTOMATIC)
    # What the last look over the public address found; empty when it led here.
    reach_problem = models.CharField(max_length=300, blank=True)
    reach_checked_at = models.DateTimeField(null=True, blank=True)
    # When Twilio itself was heard of last, to the minute: the one proof from outside.
    last_webhook_at = models.DateTimeField(null=True, blank=True)
    replies_polled_until = models.DateTimeField(null=True, blank=True)

    # What a segment costs by the kind of number, as Twilio's price list said last.
    prices = models.JSONField(default=dict, blank=True)
    price_unit = models.CharField(max_length=3, blank=True)
    prices_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.account_sid

    def set_auth_token(self, token: str) -> None:
        self.auth_token_sealed = seal(token)

    def set_api_key(self, sid: str, secret: str) -> None:
        self.api_key_sid = sid
        self.api_key_secret_sealed = seal(secret)

    def set_test_credentials(self, account_sid: str, auth_token: str) -> None:
        self.test_account_sid = account_sid
        self.test_auth_token_sealed = seal(auth_token)

    @property
    def auth_token(self) -> str:
        return unseal(self.auth_token_sealed)

    @property
    def has_test_credentials(self) -> bool:
        return bool(self.test_account_sid and self.test_auth_token_sealed)

    @property
    def is_polling(self) -> bool:
        """Whether Twilio is asked for replies, because it cannot tell us of them, or as chosen."""
        return bool(
            self.receiving == Receiving.POLLING
            or self.reach_problem
            or not (self.auth_token_sealed or self.secondary_token_sealed)
        )

    def set_secondary_token(self, token: str) -> None:
        self.secondary_token_sealed = seal(token) if token else ""

    @property
    def signing_tokens(self) -> tuple[str, ...]:
        """Every token that Twilio may sign a webhook with."""
        sealed = (self.auth_token_sealed, self.secondary_token_sealed)
        return tuple(unseal(each) for each in sealed if each)

    def test_credentials(self) -> TestCredentials | None:
        if not self.has_test_credentials:
            return None
        token = unseal(self.test_auth_token_sealed)
        return TestCredentials(self.test_account_sid, token, self.base_url)

    def credentials(self) -> TwilioCredentials:
        return TwilioCredentials(
            account_sid=self.account_sid,
            auth_token=self.auth_token,
            api_key_sid=self.api_key_sid,
            api_key_secret=unseal(self.api_key_secret_sealed),
            base_url=self.base_url,
        )
