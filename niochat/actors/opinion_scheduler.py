"""Asks the pool what messages are that may belong to a rating, while their threads wait.

Nothing is stored: the message's inbox row stays pending, so that a host that takes over the thread
asks again. Without an opinion in time the message counts as something else and opens a
conversation.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

import structlog

from niochat.domain.rating.rating_message import OpinionKind, RatingOpinion
from niochat.ratings.opinion_reader import OpinionRequest

DEADLINE_S = 10.0
"""A little longer than the pool takes at most."""
MAX_REQUESTS = 500
"""Messages about which one host asks at the same time. The next ones open a conversation."""
_UNKNOWN = RatingOpinion(OpinionKind.OTHER)
_log = structlog.get_logger(__name__)


class OpinionPool(Protocol):
    """The assistant's pool. ``read_opinion`` raises if the member that asked is gone."""

    async def read_opinion(self, request: OpinionRequest) -> RatingOpinion:
        """Asks the model of the request's tenant."""
        ...


class OpinionScheduler:
    """Holds the opinions of a host's threads until the step that needs them is committed."""

    def __init__(self, pool: OpinionPool | None, deadline_s: float = DEADLINE_S) -> None:
        """Without a ``pool`` every message counts as something else."""
        self._pool = pool
        self._deadline_s = deadline_s
        self._opinions: dict[UUID, dict[int, RatingOpinion]] = defaultdict(dict)
        self._tasks: dict[tuple[UUID, int], asyncio.Task[None]] = {}

    def opinions_of(self, thread_id: UUID) -> Mapping[int, RatingOpinion]:
        """Returns what is known of the thread's messages, by inbox id."""
        return self._opinions.get(thread_id, {})

    def request(
        self,
        thread_id: UUID,
        inbox_id: int,
        request: OpinionRequest,
        on_known: Callable[[], None],
    ) -> None:
        """Asks once; ``on_known`` is called when there is an opinion."""
        key = (thread_id, inbox_id)
        if key in self._tasks:
            return
        if self._pool is None or len(self._tasks) >= MAX_REQUESTS:
            self._opinions[thread_id][inbox_id] = _UNKNOWN
            on_known()
            return
        task = asyncio.get_running_loop().create_task(self._ask(self._pool, key, request, on_known))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    def forget(self, thread_id: UUID) -> None:
        """The step that needed the opinions is committed, or the thread moved to another host."""
        self._opinions.pop(thread_id, None)

    async def _ask(
        self,
        pool: OpinionPool,
        key: tuple[UUID, int],
        request: OpinionRequest,
        on_known: Callable[[], None],
    ) -> None:
        opinion = _UNKNOWN
        try:
            async with asyncio.timeout(self._deadline_s):
                opinion = await pool.read_opinion(request)
        except Exception as error:  # noqa: BLE001 - whatever fails, the message must go on
            _log.warning("rating_opinion_missing", thread=str(key[0]), error=repr(error)[:200])
        self._opinions[key[0]][key[1]] = opinion
        on_known()
