"""Takes the port to listen on, or says in one line that it is taken."""

from __future__ import annotations

import errno
import os
import socket

import click


def listen(host: str, port: int, *, instead: str) -> socket.socket:
    """A listening TCP socket. `instead` tells how to choose another port.

    Raises ClickException.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise click.ClickException(f"{host} is not an address of this machine.") from error
    # Named TCP outright: for a socket of protocol 0 asyncio leaves Nagle's algorithm on, which
    # makes answers 40 ms late.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A port that the last run has just let go may be taken again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise click.ClickException(_why(error, host, port, instead)) from error
    return listener


def refuse_taken(host: str, port: int, *, instead: str) -> None:
    """Raises ClickException when the port is taken; leaves it free otherwise."""
    listen(host, port, instead=instead).close()


def _why(error: OSError, host: str, port: int, instead: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {port} is taken by another program. Stop that one, or choose another "
                f"port: {instead}"
            )
        case errno.EACCES:
            return f"Port {port} needs more rights. Choose one from 1024: {instead}"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine."
    return f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}."
