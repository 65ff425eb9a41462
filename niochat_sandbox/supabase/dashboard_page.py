"""A page that is served below ``/dashboard/`` of a project, and the back end that gives it tokens.

A project serves no pages; here its origin stands for that of an operator's own web server.
"""

from pathlib import Path

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat_sandbox.http_json import SandboxApiError

_TIME_OUT_S = 15.0


class DashboardPage:
    """Files of a folder, and ``POST token``, which passes the caller's key on to the product."""

    def __init__(self, folder: Path, token_url: str | None) -> None:
        """``token_url``: the product's route for tenant tokens; without it there are none."""
        self._folder = folder
        self._token_url = token_url

    def route(self) -> Mount:
        """The routes, for the root of the project."""
        return Mount(
            "/dashboard",
            routes=[
                Route("/token", self.create_token, methods=["POST"]),
                Mount("/", StaticFiles(directory=self._folder, html=True)),
            ],
            middleware=[Middleware(_PageHeaders)],
        )

    async def create_token(self, request: Request) -> Response:
        """Ask the product for a token with the key of the page. Whoever has no key gets none."""
        if self._token_url is None:
            raise SandboxApiError(404, "this project was started without --token-url")
        authorization = request.headers.get("authorization", "")
        headers = {"authorization": authorization} if authorization else {}
        try:
            async with httpx.AsyncClient(timeout=_TIME_OUT_S, trust_env=False) as client:
                told = await client.post(self._token_url, headers=headers)
        except httpx.HTTPError as error:
            raise SandboxApiError(502, f"the product does not answer: {error}") from None
        return Response(
            told.content,
            told.status_code,
            {"cache-control": "no-store"},
            media_type=told.headers.get("content-type"),
        )


class _PageHeaders:
    """The headers that README.md of the page recommends, with this project as its only address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "")
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = policy
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers.setdefault("cache-control", "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)
