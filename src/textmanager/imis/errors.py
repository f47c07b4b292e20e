"""What can go wrong with iMIS, as one tree; each error's text is a sentence for a person.

    ImisError                permanent, status, detail
    ├── ImisUnreachable      no answer: DNS, refused, TLS, timeout; `ambiguous`
    ├── ImisNotImis          an answer that is not iMIS's: wrong address, maintenance page
    ├── ImisSignInRefused    the user name or password is not accepted
    │   └── ImisNotStaff     a good sign-in of somebody who is not staff
    ├── ImisForbidden        signed in, but not allowed
    ├── ImisNotFound         no such query, entity or member
    ├── ImisInvalid          iMIS refuses what was sent; `fields`
    └── ImisUnavailable      iMIS failed or is busy: 408, 429, 5xx; `ambiguous`

`ambiguous` says that the request may have been carried out although no success came back.
"""

from __future__ import annotations


class ImisError(Exception):
    """`permanent`: the same call would fail again. `detail` is iMIS's own answer, for the log."""

    permanent = True

    def __init__(self, message: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail[:500]


class ImisUnreachable(ImisError):
    permanent = False

    def __init__(self, message: str, *, ambiguous: bool, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.ambiguous = ambiguous


class ImisNotImis(ImisError):
    # A maintenance page goes away by itself; a wrong address shows at the first try.
    permanent = False


class ImisSignInRefused(ImisError):
    pass


class ImisNotStaff(ImisSignInRefused):
    pass


class ImisForbidden(ImisError):
    pass


class ImisNotFound(ImisError):
    pass


class ImisInvalid(ImisError):
    """`fields` are (field, message) pairs where iMIS names them."""

    def __init__(
        self, message: str, *, status: int | None, fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message, status=status)
        self.fields = fields


class ImisUnavailable(ImisError):
    permanent = False

    def __init__(self, message: str, *, status: int, ambiguous: bool, detail: str = "") -> None:
        super().__init__(message, status=status, detail=detail)
        self.ambiguous = ambiguous
