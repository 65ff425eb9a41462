"""The crowd's process as the bench sees it."""

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
    """What came of a job: by stream, and what the crowd heard besides."""

    outcomes: dict[str, LoadStreamResult]
    twice: int = 0
    late: int = 0
    strange: dict[str, int] = field(default_factory=dict)
    """Calls that the crowd has no answer for, by path."""

    @property
    def single(self) -> LoadStreamResult:
        """The outcome of a job of one stream."""
        return next(iter(self.outcomes.values()))


class LoadGeneratorClient:
    """Plays jobs. Raises `UnavailableError` when the crowd is gone or refuses the job."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=None, trust_env=False)

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def run_job(
        self,
        streams: Sequence[LoadStream],
        seconds: float,
        settle_s: float = 5.0,
        moved: LoadProgressCallback = lambda found: None,
    ) -> LoadResult:
        """Run one job; `moved` is told how far it is, twice a second."""
        job = {
            "streams": [asdict(stream) for stream in streams],
            "seconds": seconds,
            "settle_s": settle_s,
        }
        watch = asyncio.create_task(self._report_progress(moved))
        try:
            answer = await self._http.post("/sandbox/run", json=job)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the crowd is gone: {error!r}; see its log") from error
        finally:
            watch.cancel()
        if answer.status_code != 200:
            raise UnavailableError(f"the crowd refuses the job: {answer.text[:300]}")
        found = answer.json()
        outcomes = {each["name"]: LoadStreamResult(**each) for each in found["streams"]}
        return LoadResult(outcomes, found["twice"], found["late"], found["strange"])

    async def _report_progress(self, moved: LoadProgressCallback) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                answer = await self._http.get("/sandbox/progress")
            except httpx.HTTPError:
                continue  # the job's own call says what is wrong
            moved(answer.json())
