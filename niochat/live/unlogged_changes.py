"""Publishes changes of messages that no event tells: those of conversations that are not the
current one of their thread, such as a late delivery receipt after the conversation was resolved.
"""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import FrameEnvelope
from niochat.live.frames import LiveMessage, MessageFrame
from niochat.runtime.coalescer import Coalescer

_SQL = queries("event_log")

INTERVAL_S = 0.1
"""Changes of one message within this time lead to one frame."""
MAX_PENDING = 1_000
"""Messages that wait to be read. Changes of further ones are not published."""
MAX_READ = 100
"""Messages that one query reads at most."""


class UnloggedChangePublisher:
    """Publishes the current rows of changed messages. ``publish`` may be slow or fail: no step
    waits for it. One run at a time, so that the frames of a message are in order.
    """

    def __init__(
        self,
        database: Database,
        publish: Callable[[bytes], Awaitable[object]],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._database = database
        self._publish = publish
        self._pending: dict[tuple[UUID, UUID], None] = {}
        self._coalescer = Coalescer(self.publish_pending, interval_s)

    def add(self, tenant_id: UUID, messages: Iterable[UUID]) -> None:
        """Asks for frames of these messages. Returns at once."""
        for message in messages:
            if len(self._pending) < MAX_PENDING:
                self._pending[tenant_id, message] = None
        if self._pending:
            self._coalescer.trigger()

    async def publish_pending(self) -> None:
        """Publishes a frame for each message that has a conversation. Raises
        ``UnavailableError``.
        """
        while self._pending:
            taken = list(self._pending)[:MAX_READ]
            for key in taken:
                del self._pending[key]
            tenants, messages = zip(*taken, strict=True)
            async with self._database.as_system() as connection:
                rows = await connection.fetch(
                    _SQL["messages_with_holders"], list(tenants), list(messages)
                )
            for row in rows:
                frame = MessageFrame(
                    conversation_id=row["conversation_id"],
                    message=LiveMessage.model_validate(dict(row)),
                )
                holder = ConversationOwner(row["holder_agent"], row["holder_team"])
                envelope = FrameEnvelope(row["tenant_id"], frame.model_dump_json(), holder)
                await self._publish(envelope.encode())
