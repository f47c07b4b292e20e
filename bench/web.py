"""Serves addresses as `textmanager serve` does, with the same server and the same settings.

python -m bench.web URLS PORT
"""

from __future__ import annotations

import socket
import sys

import uvicorn

from textmanager.commands.preparing import prepare
from textmanager.commands.serve import configuration


def main() -> None:
    urls, port = sys.argv[1:]
    prepare()
    from textmanager.config.static import collect_when_stale  # noqa: PLC0415 - needs settings

    collect_when_stale()
    from django.conf import settings  # noqa: PLC0415 - read after preparing

    settings.ROOT_URLCONF = urls
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=1024)
    uvicorn.Server(configuration()).run(sockets=[listener])


if __name__ == "__main__":
    main()
