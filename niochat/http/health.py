"""``/api/health/live`` and ``/api/health/ready``: alive, and able to do the main job."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from niochat.domain.errors import NiochatError

CHECK_TIMEOUT_S = 3.0

HealthCheck = Callable[[], Awaitable[str]]
"""Empty when the part works, else a sentence that says what does not."""


class HealthEndpoints:
    """Checks each part by asking it."""

    def __init__(
        self, checks: Mapping[str, HealthCheck], timeout_s: float = CHECK_TIMEOUT_S
    ) -> None:
        self._checks = checks
        self._timeout_s = timeout_s

    async def live(self, _: Request) -> Response:
        """This process answers."""
        return JSONResponse({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """200 when all parts work, else 503 that names the parts which do not."""
        answers = await asyncio.gather(
            *(_run_check(check, self._timeout_s) for check in self._checks.values())
        )
        parts = {name: answer or "ok" for name, answer in zip(self._checks, answers, strict=True)}
        failing = [name for name, answer in parts.items() if answer != "ok"]
        body = {"status": "failing" if failing else "ready", "failing": failing, "parts": parts}
        return JSONResponse(body, status_code=503 if failing else 200)

    def routes(self) -> list[Route]:
        """Both routes."""
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
    except Exception as error:  # noqa: BLE001 - a health check reports, whatever it is
        return repr(error)
