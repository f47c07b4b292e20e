from __future__ import annotations

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    name = "textmanager.config"
    label = "configuration"

    def ready(self) -> None:
        # Imported here because checks may look at models, which exist only from now on.
        from textmanager.config import checks  # noqa: F401, PLC0415 - see above
