"""Coalesces calls: one run serves all calls since the previous run. For hints."""

import asyncio
from collections.abc import Awaitable, Callable

from niochat.runtime.background_tasks import BackgroundTaskSet


class Coalescer:
    """Runs once for all calls within ``interval_s``; a run always follows the last call.

    The first call after a pause runs at once.
    """

    def __init__(self, run: Callable[[], Awaitable[object]], interval_s: float) -> None:
        self._run = run
        self._interval_s = interval_s
        self._background = BackgroundTaskSet("coalesced")
        self._pending = False
        self._running = False

    def trigger(self) -> None:
        """Ask for a run. Returns at once."""
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
