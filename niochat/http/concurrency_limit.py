"""A bound for requests of an application whose replica also holds sockets for their whole life."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from niochat.domain.errors import UnavailableError
from niochat.http.problems import problem_response


class ConcurrencyLimitMiddleware:
    """Middleware: refuses (503, ``crowded``) a request above ``most``; sockets do not count."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._count >= self._most:
            crowded = UnavailableError(
                "Too many requests are in progress. Repeat the request later.", code="crowded"
            )
            answer = await problem_response(Request(scope), crowded)
            await answer(scope, receive, send)
            return
        self._count += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._count -= 1
