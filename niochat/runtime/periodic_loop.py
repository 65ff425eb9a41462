"""Runs periodic work in a loop that survives every error and ends only when cancelled."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from niochat.domain.errors import NiochatError

_log = structlog.get_logger(__name__)
MAX_LOGGED_CHARACTERS = 300
"""Limit of the logged text of an expected error without a code."""


async def run_periodically(
    event: str,
    interval_s: float | Callable[[], float],
    work: Callable[[], Awaitable[object]],
    *,
    first_at_once: bool = False,
    expected: tuple[type[Exception], ...] = (),
    **context: object,
) -> None:
    """Run ``work`` with a pause of ``interval_s`` seconds between two runs, until cancelled.

    A failed run is logged as ``event`` with ``context``: a :class:`NiochatError` as a warning with
    its code, an ``expected`` one as a warning with its text, every other exception as an error with
    its traceback. The next run comes after the usual pause. ``interval_s`` may be a function, which
    is called before each pause. The first run comes after one pause, or at once.
    """
    pause_s = interval_s if callable(interval_s) else lambda: interval_s
    if first_at_once:
        await _run_once(event, work, expected, context)
    while True:
        await asyncio.sleep(pause_s())
        await _run_once(event, work, expected, context)


async def _run_once(
    event: str,
    work: Callable[[], Awaitable[object]],
    expected: tuple[type[Exception], ...],
    context: dict[str, object],
) -> None:
    try:
        await work()
    except NiochatError as error:
        _log.warning(event, code=error.code, **context)
    except expected as error:
        _log.warning(event, error=repr(error)[:MAX_LOGGED_CHARACTERS], **context)
    except Exception as error:  # noqa: BLE001 - the loop must survive any error
        _log.error(event, exc_info=error, **context)


class IntervalTimer:
    """Says when something inside a shorter loop is due again."""

    def __init__(
        self,
        interval_s: float,
        *,
        first_at_once: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._due_at = float("-inf") if first_at_once else clock() + interval_s

    def restart_if_due(self) -> bool:
        """Whether the interval has passed; if so, the next one begins now."""
        now = self._clock()
        if now < self._due_at:
            return False
        self._due_at = now + self._interval_s
        return True
