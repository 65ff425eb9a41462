"""Limits the concurrent requests of a replica. Open sockets do not count."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from niochat.domain.errors import UnavailableError
from niochat.http.problems import problem_response


class ConcurrencyLimitMiddleware:
    """Rejects requests (503, ``crowded``) while ``max_requests`` are in progress."""

    def __init__(self, app: ASGIApp, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._count >= self._max_requests:
            error = UnavailableError(
                "Too many requests are in progress. Repeat the request later.", code="crowded"
            )
            response = await problem_response(Request(scope), error)
            await response(scope, receive, send)
            return
        self._count += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._count -= 1
