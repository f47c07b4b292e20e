"""The web process as an ASGI program."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "textmanager.config.settings")

application = get_asgi_application()
