"""Serves static files over ASGI: WhiteNoise, with whole answers."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # has no types
from whitenoise.responders import StaticFile  # type: ignore[import-untyped]  # has no types


class WholeFileMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # as above
    """WhiteNoise streams files from a synchronous iterator, which Django warns of under ASGI.

    Ours are some dozen kilobytes each, so each is read and answered at once.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        streamed = cast("FileResponse", WhiteNoiseMiddleware.serve(static_file, request))
        answer = HttpResponse(
            b"".join(cast("list[bytes]", streamed.streaming_content)), status=streamed.status_code
        )
        streamed.close()
        del answer["Content-Type"]
        for name, value in streamed.items():
            answer[name] = value
        return answer
