"""``Idempotency-Key``: a POST that acts happens once, however often it is sent.

A router takes part by ``route_class=ActingRoute``. A successful answer is kept for a day; a problem
is not, since nothing happened. One whose process died after it acted is ``answer_lost`` (409) to
whoever sends it again. What only proves who somebody is, and what only they may hear now,
is no act to repeat: logging in and out, refreshing, tickets, and links that are good once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from niochat.adapters.postgres.audit_log import under_idempotency_key
from niochat.adapters.postgres.idempotency_store import (
    IdempotencyLease,
    IdempotencyStore,
    IdempotentRequest,
    StoredResponse,
)
from niochat.http.problems import UnprocessableError
from niochat.http.rest.dependencies import (
    PermissionDependency,
    UserDependency,
    identity_services_for,
)
from niochat.runtime.background_tasks import BackgroundTaskSet

IDEMPOTENCY_HEADER = "idempotency-key"
REPLAYED_HEADER = "Idempotency-Replayed"
EXCLUDED_PATHS = frozenset(
    f"/auth/{name}"
    for name in (
        "login",
        "refresh",
        "password-reset",
        "password",
        "socket-tickets",
        "logout",
        "logout-everywhere",
    )
)
_KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A request with the same key is executed once within a day; repeating it returns the first"
        " response. 409 with the code in_progress: repeat the request later. 409 with answer_lost:"
        " the request was executed but the response is lost. Check the result before you send"
        " another request with a new key."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
_JSON_MEDIA_TYPE = "application/json"
_REQUEST_TASKS = BackgroundTaskSet("keyed requests")

RouteHandler = Callable[[Request], Awaitable[Response]]


class IdempotentRoute(APIRoute):
    """A route whose POST may carry a key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()) and path not in EXCLUDED_PATHS:
            known = options.get("openapi_extra") or {}
            options["openapi_extra"] = {**known, "parameters": [_KEY_PARAMETER]}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Asks who calls first, then looks for the key, then acts."""
        handle: RouteHandler = super().get_route_handler()
        declared = next(_find_auth_dependencies(self.dependant), None)
        if "POST" not in (self.methods or ()) or declared is None or self.path in EXCLUDED_PATHS:
            return handle

        async def once(request: Request) -> Response:
            key = request.headers.get(IDEMPOTENCY_HEADER)
            if key is None:
                return await handle(request)
            return await _handle_once(request, key, declared, handle)

        return once


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
    declared: PermissionDependency | UserDependency,
    handle: RouteHandler,
) -> Response:
    if not _KEY_PATTERN.fullmatch(key):
        raise UnprocessableError(
            "Idempotency-Key must be 1 to 128 visible ASCII characters.", code="bad_key"
        )
    caller = await declared(request)
    sent = request.url.query.encode() + b"\n" + await request.body()
    asked = IdempotentRequest(
        caller.tenant_id, caller.id, f"POST {request.url.path}", key, sha256(sent).digest()
    )
    store = identity_services_for(request).idempotency
    begun = await store.begin(asked)
    if isinstance(begun, StoredResponse):
        return _replayed_response(begun)
    # Whoever hangs up meanwhile comes again for the answer: it goes on without them.
    work = _run_and_capture(store, asked, begun, request, handle)
    done: Response | Exception = await asyncio.shield(_REQUEST_TASKS.start(work))
    if isinstance(done, Exception):
        raise done
    return done


async def _run_and_capture(
    store: IdempotencyStore,
    asked: IdempotentRequest,
    lease: IdempotencyLease,
    request: Request,
    handle: RouteHandler,
) -> Response | Exception:
    """A problem is an answer too, and no failure of the task."""
    try:
        return await _run_and_store(store, asked, lease, request, handle)
    except Exception as error:  # noqa: BLE001 - raised again where the request waits
        return error


async def _run_and_store(
    store: IdempotencyStore,
    asked: IdempotentRequest,
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
        await store.finish(asked, lease, StoredResponse(response.status_code, body))
    else:
        await store.release(lease)
    return response


def _replayed_response(kept: StoredResponse) -> Response:
    headers = {REPLAYED_HEADER: "true"}
    if not kept.body:
        return Response(status_code=kept.status, headers=headers)
    return Response(kept.body, kept.status, headers, _JSON_MEDIA_TYPE)
