"""``Idempotency-Key`` for POST: a request is executed once, however often it is sent.

A router takes part with ``route_class=IdempotentRoute``. A successful response is stored for a
day. A problem is not stored, because nothing has happened. If the process dies after the request
was executed, repeating the request returns 409 with the code ``answer_lost``. Authentication
routes (login, logout, refresh, socket tickets, one-time links) are excluded: their responses must
not be replayed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from niochat.adapters.postgres.audit_log import under_idempotency_key
from niochat.adapters.postgres.idempotency_store import (
    IdempotencyLease,
    IdempotencyStore,
    IdempotentRequest,
    StoredResponse,
)
from niochat.http.api.idempotency_key import (
    IDEMPOTENCY_HEADER,
    check_idempotency_key,
    idempotency_key,
)
from niochat.http.rest.dependencies import (
    PermissionDependency,
    UserDependency,
    identity_services_for,
)
from niochat.runtime.background_tasks import BackgroundTaskSet

REPLAYED_HEADER = "Idempotency-Replayed"
EXCLUDED_PATHS = frozenset(
    f"/auth/{name}"
    for name in (
        "login",
        "refresh",
        "password-reset",
        "password",
        "me/password",
        "socket-tickets",
        "logout",
        "logout-everywhere",
    )
)
_JSON_MEDIA_TYPE = "application/json"
_REQUEST_TASKS = BackgroundTaskSet("keyed requests")

RouteHandler = Callable[[Request], Awaitable[Response]]


class IdempotentRoute(APIRoute):
    """A route whose POST accepts an idempotency key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()) and path not in EXCLUDED_PATHS:
            declared = options.get("dependencies") or ()  # FastAPI builds an included route twice
            if all(each.dependency is not idempotency_key for each in declared):
                options["dependencies"] = [*declared, Depends(idempotency_key)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Authenticate the caller, look for the key, then execute the request."""
        handle: RouteHandler = super().get_route_handler()
        authentication = next(_find_auth_dependencies(self.dependant), None)
        if (
            "POST" not in (self.methods or ())
            or authentication is None
            or self.path in EXCLUDED_PATHS
        ):
            return handle

        async def handle_idempotently(request: Request) -> Response:
            key = check_idempotency_key(request.headers.get(IDEMPOTENCY_HEADER))
            if key is None:
                return await handle(request)
            return await _handle_once(request, key, authentication, handle)

        return handle_idempotently


def _find_auth_dependencies(
    dependant: Dependant,
) -> Iterator[PermissionDependency | UserDependency]:
    for each in dependant.dependencies:
        if isinstance(each.call, (PermissionDependency, UserDependency)):
            yield each.call
        yield from _find_auth_dependencies(each)


async def _handle_once(
    request: Request,
    key: str,
    authentication: PermissionDependency | UserDependency,
    handle: RouteHandler,
) -> Response:
    caller = await authentication(request)
    content = request.url.query.encode() + b"\n" + await request.body()
    keyed_request = IdempotentRequest(
        caller.tenant_id, caller.id, f"POST {request.url.path}", key, sha256(content).digest()
    )
    store = identity_services_for(request).idempotency
    lease = await store.begin(keyed_request)
    if isinstance(lease, StoredResponse):
        return _replayed_response(lease)
    # A client that disconnects repeats the request for its response: execution must go on.
    work = _run_and_capture(store, keyed_request, lease, request, handle)
    response: Response | Exception = await asyncio.shield(_REQUEST_TASKS.start(work))
    if isinstance(response, Exception):
        raise response
    return response


async def _run_and_capture(
    store: IdempotencyStore,
    keyed_request: IdempotentRequest,
    lease: IdempotencyLease,
    request: Request,
    handle: RouteHandler,
) -> Response | Exception:
    """Return an error instead of raising it: it is a result, not a failure of the task."""
    try:
        return await _run_and_store(store, keyed_request, lease, request, handle)
    except Exception as error:  # noqa: BLE001 - raised again by _handle_once
        return error


async def _run_and_store(
    store: IdempotencyStore,
    keyed_request: IdempotentRequest,
    lease: IdempotencyLease,
    request: Request,
    handle: RouteHandler,
) -> Response:
    try:
        with under_idempotency_key(lease.id, lease.holder):
            response = await handle(request)
    except BaseException:
        await store.release(lease)
        raise
    if response.status_code < 400:
        body = bytes(response.body).decode()
        await store.finish(keyed_request, lease, StoredResponse(response.status_code, body))
    else:
        await store.release(lease)
    return response


def _replayed_response(stored: StoredResponse) -> Response:
    headers = {REPLAYED_HEADER: "true"}
    if not stored.body:
        return Response(status_code=stored.status, headers=headers)
    return Response(stored.body, stored.status, headers, _JSON_MEDIA_TYPE)
