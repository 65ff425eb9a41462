"""The client of the load generator's process."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from niochat.domain.errors import UnavailableError
from niochat_sandbox.load_generator.load_job import LoadStream, LoadStreamResult

LoadProgressCallback = Callable[[Sequence[dict[str, Any]]], None]
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a job, by stream, and the counters of the load generator."""

    outcomes: dict[str, LoadStreamResult]
    twice: int = 0
    late: int = 0
    strange: dict[str, int] = field(default_factory=dict)
    """Requests that the load generator does not know, by path."""

    @property
    def single(self) -> LoadStreamResult:
        """The result of a job with one stream."""
        return next(iter(self.outcomes.values()))


class LoadGeneratorClient:
    """Runs jobs. Raises ``UnavailableError`` if the load generator is gone or rejects the job."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=None, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run_job(
        self,
        streams: Sequence[LoadStream],
        seconds: float,
        settle_s: float = 5.0,
        on_progress: LoadProgressCallback = lambda found: None,
    ) -> LoadResult:
        """Run one job; ``on_progress`` gets its progress twice a second."""
        job = {
            "streams": [asdict(stream) for stream in streams],
            "seconds": seconds,
            "settle_s": settle_s,
        }
        progress_task = asyncio.create_task(self._report_progress(on_progress))
        try:
            response = await self._http.post("/sandbox/run", json=job)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the load generator is gone: {error!r}; see its log") from error
        finally:
            progress_task.cancel()
        if response.status_code != 200:
            raise UnavailableError(f"the load generator rejected the job: {response.text[:300]}")
        found = response.json()
        outcomes = {each["name"]: LoadStreamResult(**each) for each in found["streams"]}
        return LoadResult(outcomes, found["twice"], found["late"], found["strange"])

    async def _report_progress(self, on_progress: LoadProgressCallback) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                response = await self._http.get("/sandbox/progress")
            except httpx.HTTPError:
                continue  # the request that runs the job reports the error
            on_progress(response.json())
