"""The control routes of a project, below ``/sandbox``: faults, counters, clock, keys, outage."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.fault_injection.fault_rules import FaultRuleSet, FaultTarget, parse_fault_rule
from niochat_sandbox.http_json import (
    SandboxApiError,
    json_response,
    parse_number_field,
    read_json,
    read_object,
)
from niochat_sandbox.supabase.project.user_tokens import UserTokenVerifier
from niochat_sandbox.supabase.rest.request_counters import RequestCounters


class ProjectControlApi:
    """Routes that read and change how the project behaves."""

    def __init__(
        self,
        faults: FaultRuleSet,
        counters: RequestCounters,
        verifier: UserTokenVerifier,
        begin_outage: Callable[[float], None],
    ) -> None:
        """``begin_outage`` refuses all connections for so many seconds, and returns at once."""
        self._faults = faults
        self._counters = counters
        self._verifier = verifier
        self._begin_outage = begin_outage

    def routes(self) -> list[Route]:
        """The routes below ``/sandbox``."""
        return [
            Route("/health", self.show_health, methods=["GET"]),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/counters", self.show_counters, methods=["GET"]),
            Route("/counters", self.clear_counters, methods=["DELETE"]),
            Route("/clock", self.put_clock, methods=["PUT"]),
            Route("/jwks", self.show_keys, methods=["GET"]),
            Route("/jwks", self.put_keys, methods=["PUT"]),
            Route("/outage", self.start_outage, methods=["POST"]),
        ]

    async def show_health(self, _request: Request) -> Response:
        return json_response({"status": "ok"})

    async def list_faults(self, _request: Request) -> Response:
        return json_response({"items": [fault.as_dict() for fault in self._faults.faults]})

    async def add_fault(self, request: Request) -> Response:
        """Add a rule; ``path`` is a prefix of ``/<table>``, and ``target`` may be left out."""
        body = await read_object(request)
        self._faults.faults.append(parse_fault_rule({"target": FaultTarget.SUPABASE, **body}))
        return await self.list_faults(request)

    async def clear_faults(self, _request: Request) -> Response:
        self._faults.faults = []
        return Response(status_code=204)

    async def show_counters(self, _request: Request) -> Response:
        return json_response(self._counters.as_dict())

    async def clear_counters(self, _request: Request) -> Response:
        self._counters.clear()
        return Response(status_code=204)

    async def put_clock(self, request: Request) -> Response:
        """Set how many seconds the project's clock is ahead; negative: behind."""
        offset = (await read_object(request)).get("offset_s")
        if isinstance(offset, bool) or not isinstance(offset, int | float):
            raise SandboxApiError(400, "offset_s must be a number")
        self._verifier.clock_offset_s = float(offset)
        return json_response({"offset_s": offset})

    async def show_keys(self, _request: Request) -> Response:
        signing_keys = self._verifier.signing_keys
        return json_response({"url": signing_keys.url, "kids": signing_keys.known_ids()})

    async def put_keys(self, request: Request) -> Response:
        """Accept the keys of this JWKS; with ``{"url": …}`` those that are served there."""
        body = await read_json(request)
        signing_keys = self._verifier.signing_keys
        if isinstance(body, dict) and isinstance(url := body.get("url"), str):
            signing_keys.url = url
            return await self.show_keys(request)
        try:
            signing_keys.replace(body if isinstance(body, dict) else {})
        except ValueError as error:
            raise SandboxApiError(400, str(error)) from None
        return await self.show_keys(request)

    async def start_outage(self, request: Request) -> Response:
        """Refuse every connection for ``seconds``, from right after this response."""
        seconds = parse_number_field(await read_object(request), "seconds", 1.0)
        self._begin_outage(seconds)
        return json_response({"seconds": seconds})
