"""Many calls, few runs: for hints, of which one stands for all that came since the last."""

import asyncio
from collections.abc import Awaitable, Callable

from niochat.runtime.background_tasks import BackgroundTaskSet


class Coalescer:
    """Runs once for all calls of the last ``every_s``; the last call is always followed by a run.

    The first call after a pause runs at once.
    """

    def __init__(self, run: Callable[[], Awaitable[object]], interval_s: float) -> None:
        self._run = run
        self._interval_s = interval_s
        self._background = BackgroundTaskSet("coalesced")
        self._pending = False
        self._running = False

    def trigger(self) -> None:
        """Returns at once."""
        self._pending = True
        if not self._running:
            self._running = True
            self._background.start(self._run_until_idle())

    async def _run_until_idle(self) -> None:
        try:
            while self._pending:
                self._pending = False
                await self._run()
                await asyncio.sleep(self._interval_s)
        finally:
            self._running = False
