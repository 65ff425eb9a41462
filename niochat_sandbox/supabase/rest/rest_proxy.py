"""Forwards ``/rest/v1`` to PostgREST, with the role of the caller's key or token.

Bodies pass in chunks in both directions, so that memory does not grow with them.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from niochat_sandbox.http_json import json_response
from niochat_sandbox.supabase.project.project_keys import SECRET_PREFIX, ProjectKeys
from niochat_sandbox.supabase.project.user_tokens import (
    REST_SKEW_S,
    TokenRefused,
    UserTokenVerifier,
)
from niochat_sandbox.supabase.rest.hosted_errors import translate_error
from niochat_sandbox.supabase.rest.request_counters import RequestCounters, RowCounter

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
_WRONG_KEY = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}
_KEY_IN_BROWSER = {
    "message": "Forbidden use of secret API key in browser",
    "hint": "Secret API keys can only be used in a protected environment and should never be used "
    "in a browser. Delete this secret API key immediately.",
}
_BROWSER = re.compile(r"^Mozilla/")
_NOT_FORWARDED = {
    *("host", "apikey", "authorization", "origin", "connection", "content-length"),
    *("transfer-encoding", "x-client-info", "referer", "cookie"),
}
_NOT_RETURNED = {"connection", "date", "server", "transfer-encoding"}
_NO_FILTER = {"select", "columns", "order", "limit", "offset", "on_conflict", "apikey"}
_CHECKED_CLAIMS = {"exp", "iat", "nbf", "aud"}
_TIME_OUT = httpx.Timeout(120.0, connect=5.0)


class RequestRefused(Exception):
    """A request that the gateway itself answers."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message"))
        self.status = status
        self.body = body


class RestProxy:
    """The route ``/rest/v1/{path}``."""

    def __init__(
        self,
        keys: ProjectKeys,
        verifier: UserTokenVerifier,
        counters: RequestCounters,
        socket: str,
    ) -> None:
        """``socket``: the Unix socket of PostgREST."""
        self._keys = keys
        self._verifier = verifier
        self._counters = counters
        self._upstream = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_connections=64)),
            base_url="http://postgrest",
            timeout=_TIME_OUT,
        )

    async def close(self) -> None:
        """Close the connections to PostgREST."""
        await self._upstream.aclose()

    async def forward(self, request: Request) -> Response:
        """Answer one request."""
        table = request.path_params["path"].strip("/")
        self._counters.requests[table, request.method] += 1
        try:
            token = self._keys.internal_token(await self._claims_of(request))
            _require_filter(request, table)
            response = await self._send(request, table, token)
        except RequestRefused as refusal:
            response = json_response(refusal.body, refusal.status)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        except httpx.TransportError:
            body = {"message": "An invalid response was received from the upstream server"}
            response = json_response(body, 502)
        self._counters.statuses[response.status_code] += 1
        return response

    async def _claims_of(self, request: Request) -> dict[str, Any]:
        """The claims for PostgREST. Raises ``RequestRefused``."""
        key = request.headers.get("apikey") or request.query_params.get("apikey")
        if not key:
            raise RequestRefused(401, _NO_KEY)
        role = self._keys.role_of(key)
        if role is None:
            raise RequestRefused(401, _WRONG_KEY)
        if key.startswith(SECRET_PREFIX) and _BROWSER.match(request.headers.get("user-agent", "")):
            raise RequestRefused(401, _KEY_IN_BROWSER)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.strip() == key:
            return {"role": role}
        return await self._user_claims(token.strip())

    async def _user_claims(self, token: str) -> dict[str, Any]:
        try:
            claims = await self._verifier.verify(token, REST_SKEW_S)
        except TokenRefused as refusal:
            body = {"code": refusal.code, "details": None, "hint": None, "message": str(refusal)}
            raise RequestRefused(401, body) from refusal
        # PostgREST tolerates less, and our clock may be set differently: the check is done.
        return {name: value for name, value in claims.items() if name not in _CHECKED_CLAIMS}

    async def _send(self, request: Request, table: str, token: str) -> Response:
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _NOT_FORWARDED
        ]
        headers.append(("authorization", f"Bearer {token}"))
        counter = RowCounter()
        has_body = request.method in ("POST", "PUT", "PATCH")
        query = httpx.QueryParams(request.url.query).remove("apikey")
        upstream = await self._upstream.send(
            self._upstream.build_request(
                request.method,
                f"/{table}",
                params=query,
                headers=headers,
                content=_counted_body(request, counter) if has_body else None,
            ),
            stream=True,
        )
        if has_body and upstream.is_success:
            self._counters.rows[table] += counter.rows
        if upstream.status_code >= 400 and request.method != "HEAD":
            return await _error_response(upstream, table)
        returned = {
            name: value
            for name, value in upstream.headers.items()
            if name.lower() not in _NOT_RETURNED
        }
        return StreamingResponse(
            upstream.aiter_raw(),
            upstream.status_code,
            returned,
            background=BackgroundTask(upstream.aclose),
        )


async def _error_response(upstream: httpx.Response, table: str) -> Response:
    body = await upstream.aread()
    await upstream.aclose()
    status, body = translate_error(upstream.status_code, body, table)
    return Response(body, status, media_type="application/json; charset=utf-8")


def _require_filter(request: Request, table: str) -> None:
    """Refuse what the module ``safeupdate`` refuses on Supabase."""
    if request.method not in ("PATCH", "DELETE") or set(request.query_params) - _NO_FILTER:
        return
    word = "UPDATE" if request.method == "PATCH" else "DELETE"
    body = {"code": "21000", "details": None, "hint": None}
    raise RequestRefused(400, {**body, "message": f"{word} requires a WHERE clause"})


async def _counted_body(request: Request, counter: RowCounter) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        counter.feed(chunk)
        yield chunk
