"""Collects the static files under hashed names when they have changed, without a build step."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import storages
from django.core.management import call_command

FINGERPRINT = ".collected"


def collect_when_stale() -> bool:
    """Brings STATIC_ROOT up to date; tells whether there was anything to do.

    Files of earlier versions stay, for pages that a browser still shows. Two processes that do
    this at once write the same files.
    """
    root = Path(settings.STATIC_ROOT)
    mark = root / FINGERPRINT
    wanted = _fingerprint()
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return False
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=".static-") as folder:
        _collect_into(folder)
        Path(folder, FINGERPRINT).write_text(wanted, encoding="utf-8")
        _move_over(Path(folder), root)
    return True


def _fingerprint() -> str:
    """Changes with every file that would be collected."""
    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            seen.update(f"{path}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _collect_into(folder: str) -> None:
    command = Command()
    kind = settings.STORAGES["staticfiles"]
    command.storage = storages.create_storage({**kind, "OPTIONS": {"location": folder}})
    call_command(command, interactive=False, verbosity=0)


def _move_over(source: Path, target: Path) -> None:
    """Moves every file into place; what refers to the others comes last."""
    last = {ManifestStaticFilesStorage.manifest_name: 1, FINGERPRINT: 2}
    files = [path for path in source.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: last.get(path.name, 0)):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
