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

from niochat.access.idempotency import Asked, Idempotency, Kept, Lease
from niochat.adapters.postgres.audit import acting_under
from niochat.ingress.api.doorway import Needs, SignedIn, access_of
from niochat.ingress.problems import Unprocessable
from niochat.runtime.tasks import BackgroundTaskSet

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
NO_ACTS = frozenset(
    f"/auth/{name}"
    for name in (
        "login", "refresh", "password-reset", "password", "socket-tickets", "logout", "logout-everywhere",
    )
)  # fmt: skip
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_PARAMETER = {
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
_JSON = "application/json"
_OWNER = BackgroundTaskSet("keyed requests")

Handler = Callable[[Request], Awaitable[Response]]


class ActingRoute(APIRoute):
    """A route whose POST may carry a key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()) and path not in NO_ACTS:
            known = options.get("openapi_extra") or {}
            options["openapi_extra"] = {**known, "parameters": [_PARAMETER]}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Asks who calls first, then looks for the key, then acts."""
        handle: Handler = super().get_route_handler()
        declared = next(_declared(self.dependant), None)
        if "POST" not in (self.methods or ()) or declared is None or self.path in NO_ACTS:
            return handle

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return await handle(request)
            return await _once(request, key, declared, handle)

        return once


def _declared(dependant: Dependant) -> Iterator[Needs | SignedIn]:
    for each in dependant.dependencies:
        if isinstance(each.call, (Needs, SignedIn)):
            yield each.call
        yield from _declared(each)


async def _once(
    request: Request, key: str, declared: Needs | SignedIn, handle: Handler
) -> Response:
    if not _KEY.fullmatch(key):
        raise Unprocessable(
            "Idempotency-Key must be 1 to 128 visible ASCII characters.", code="bad_key"
        )
    caller = await declared(request)
    sent = request.url.query.encode() + b"\n" + await request.body()
    asked = Asked(
        caller.tenant_id, caller.id, f"POST {request.url.path}", key, sha256(sent).digest()
    )
    store = access_of(request).idempotency
    begun = await store.begin(asked)
    if isinstance(begun, Kept):
        return _told(begun)
    # Whoever hangs up meanwhile comes again for the answer: it goes on without them.
    work = _settled(store, asked, begun, request, handle)
    done: Response | Exception = await asyncio.shield(_OWNER.start(work))
    if isinstance(done, Exception):
        raise done
    return done


async def _settled(
    store: Idempotency, asked: Asked, lease: Lease, request: Request, handle: Handler
) -> Response | Exception:
    """A problem is an answer too, and no failure of the task."""
    try:
        return await _acted(store, asked, lease, request, handle)
    except Exception as error:  # noqa: BLE001 - raised again where the request waits
        return error


async def _acted(
    store: Idempotency, asked: Asked, lease: Lease, request: Request, handle: Handler
) -> Response:
    try:
        with acting_under(lease.id, lease.holder):
            response = await handle(request)
    except BaseException:
        await store.release(lease)
        raise
    if response.status_code < 400:
        body = bytes(response.body).decode()
        await store.finish(asked, lease, Kept(response.status_code, body))
    else:
        await store.release(lease)
    return response


def _told(kept: Kept) -> Response:
    headers = {REPLAYED: "true"}
    if not kept.body:
        return Response(status_code=kept.status, headers=headers)
    return Response(kept.body, kept.status, headers, _JSON)
