"""``/api/health/live`` (the process answers) and ``/api/health/ready`` (all parts work)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from niochat.domain.errors import NiochatError

CHECK_TIMEOUT_S = 3.0

HealthCheck = Callable[[], Awaitable[str]]
"""Returns an empty string if the part works, else a sentence that says what does not."""


class HealthEndpoints:
    """Runs the health checks of the parts."""

    def __init__(
        self, checks: Mapping[str, HealthCheck], timeout_s: float = CHECK_TIMEOUT_S
    ) -> None:
        self._checks = checks
        self._timeout_s = timeout_s

    async def live(self, _: Request) -> Response:
        """Answer 200: the process runs."""
        return JSONResponse({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """Answer 200 if all parts work, else 503 with the names of the failing parts."""
        results = await asyncio.gather(
            *(_run_check(check, self._timeout_s) for check in self._checks.values())
        )
        parts = {name: result or "ok" for name, result in zip(self._checks, results, strict=True)}
        failing = [name for name, result in parts.items() if result != "ok"]
        body = {"status": "failing" if failing else "ready", "failing": failing, "parts": parts}
        return JSONResponse(body, status_code=503 if failing else 200)

    def routes(self) -> list[Route]:
        """Return both routes."""
        return [
            Route("/api/health/live", self.live),
            Route("/api/health/ready", self.ready),
        ]


async def _run_check(check: HealthCheck, timeout_s: float) -> str:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except NiochatError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except Exception as error:  # noqa: BLE001 - a health check reports every error
        return repr(error)
