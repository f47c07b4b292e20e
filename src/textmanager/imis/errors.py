"""What can go wrong with iMIS, as one tree; each error's text is a sentence for a person.

    ImisError                words, remedy, permanent, status, detail, ambiguous
    ├── ImisUnreachable      no answer: DNS, refused, TLS, timeout, connection cut
    ├── ImisNotImis          an answer that is not iMIS's: wrong address, maintenance page
    ├── ImisSignInRefused    the user name or password is not accepted
    │   └── ImisNotStaff     a good sign-in of somebody who is not staff
    ├── ImisForbidden        signed in, but not allowed
    │   └── ImisNotShared    an IQA that is not given to programs outside iMIS
    ├── ImisNotFound         no such query, entity or member
    ├── ImisInvalid          iMIS refuses what was sent; `fields`
    └── ImisUnavailable      iMIS failed or is busy: 408, 429, 5xx, an answer that breaks off

`words` say what is wrong, `remedy` what a person can do; the error's text is both.
`permanent`: the same call fails again until a person changes something.
`ambiguous`: the request may have been carried out although no success came back. Only a write
can be ambiguous; it must be looked for before it is sent again.
"""

from __future__ import annotations

LONGEST_DETAIL = 500


class ImisError(Exception):
    """`status` is the HTTP status if there was an answer; `detail` is iMIS's text, for the log."""

    # What this kind of failure usually is; an instance may know better.
    is_permanent = True

    def __init__(
        self,
        words: str,
        *,
        remedy: str = "",
        permanent: bool | None = None,
        status: int | None = None,
        detail: str = "",
        ambiguous: bool = False,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.remedy = remedy
        self.permanent = self.is_permanent if permanent is None else permanent
        self.status = status
        self.detail = detail[:LONGEST_DETAIL]
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        return f"{self.words} {self.remedy}".strip()


class ImisUnreachable(ImisError):  # named for what happened
    is_permanent = False


class ImisNotImis(ImisError):  # named for what happened
    # A maintenance page goes away by itself; a wrong address shows at the first try.
    is_permanent = False


class ImisSignInRefused(ImisError):  # named for what happened
    pass


class ImisNotStaff(ImisSignInRefused):
    pass


class ImisForbidden(ImisError):  # named for what happened
    pass


class ImisNotShared(ImisForbidden):
    pass


class ImisNotFound(ImisError):  # named for what happened
    pass


class ImisInvalid(ImisError):  # named for what happened
    """`fields` are (field, message) pairs where iMIS names them."""

    def __init__(
        self,
        words: str,
        *,
        remedy: str = "",
        status: int | None = None,
        detail: str = "",
        fields: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(words, remedy=remedy, status=status, detail=detail)
        self.fields = fields


class ImisUnavailable(ImisError):  # named for what happened
    is_permanent = False
