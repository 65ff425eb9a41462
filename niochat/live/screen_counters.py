"""What screens count: who waits in which queue, and what somebody has not read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral import FrameEnvelope, QueuesFrame, UnreadFrame
from niochat.live.event_log import LoggedEvent
from niochat.live.frames import Frame

_SQL = queries("read_markers")

QUEUE_CHANGING_EVENTS = frozenset(
    {
        "conversation_opened",
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_given_back",
        "conversation_snoozed",
        "conversation_woken",
        "conversation_resolved",
        "conversation_reopened",
    }
)
"""Events after which a queue may be longer or shorter."""


@dataclass(slots=True)
class QueueCounts:
    """Of one tenant: how many wait by team, and how many the assistant has."""

    teams: dict[str, int] = field(default_factory=dict)
    with_assistant: int = 0


@dataclass(frozen=True, slots=True)
class UnreadTarget:
    """Somebody, and a conversation of theirs that the customer wrote in."""

    tenant_id: UUID
    user_id: UUID
    conversation_id: UUID


class ScreenCounters:
    """Remembers what has to be counted again, and counts it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: set[UUID] = set()
        self._unread_targets: set[UnreadTarget] = set()

    def mark_changed(self, tenant_id: UUID) -> None:
        """The tenant's queues, or who looks at them."""
        self._tenants.add(tenant_id)

    def record_event(self, happened: LoggedEvent) -> None:
        """An event may change a queue, or what an agent has not read."""
        if happened.type in QUEUE_CHANGING_EVENTS:
            self._tenants.add(happened.tenant_id)
        agent = happened.conversation["agent"]
        if agent is None or happened.type not in ("message_received", "conversation_assigned"):
            return
        try:
            user_id = UUID(agent)
        except ValueError:
            return  # written by the command line, which takes any word
        conversation_id = UUID(str(happened.conversation["id"]))
        self._unread_targets.add(UnreadTarget(happened.tenant_id, user_id, conversation_id))

    async def count_queues(self, present: Iterable[UUID]) -> Mapping[UUID, QueueCounts]:
        """Of those tenants that are ``here`` and have changed. Raises ``UnavailableError``."""
        tenants, self._tenants = self._tenants.intersection(present), set()
        if not tenants:
            return {}
        found: defaultdict[UUID, QueueCounts] = defaultdict(
            QueueCounts, {t: QueueCounts() for t in tenants}
        )
        try:
            async with self._database.as_system() as connection:
                rows = await connection.fetch(_SQL["count_queues"], list(tenants))
        except NiochatError:
            self._tenants |= tenants  # the next count finds them again
            raise
        for row in rows:
            waiting = found[row["tenant_id"]]
            if row["status"] == "pending":
                waiting.with_assistant += row["many"]
            elif row["team"] is not None:
                waiting.teams[row["team"]] = row["many"]
        return found

    async def count_unread(self) -> list[FrameEnvelope]:
        """What the agents of conversations that have changed have not read."""
        readers, self._unread_targets = list(self._unread_targets), set()
        if not readers:
            return []
        try:
            async with self._database.as_system() as connection:
                rows = await connection.fetch(
                    _SQL["count_unread_of_agents"],
                    [each.tenant_id for each in readers],
                    [each.user_id for each in readers],
                    [each.conversation_id for each in readers],
                )
        except NiochatError:
            self._unread_targets.update(readers)
            raise
        return [
            FrameEnvelope(
                row["tenant_id"],
                UnreadFrame(
                    conversation_id=row["conversation_id"], unread=row["unread"]
                ).model_dump_json(),
                user_id=row["user_id"],
            )
            for row in rows
        ]


def encode_queues_frame(
    waiting: QueueCounts, can_see: Callable[[ConversationOwner], bool]
) -> Frame:
    """Those queues that somebody may see."""
    shown = {
        team: many for team, many in waiting.teams.items() if can_see(ConversationOwner(None, team))
    }
    with_assistant = waiting.with_assistant if can_see(ConversationOwner(None, None)) else None
    return QueuesFrame(waiting=shown, with_assistant=with_assistant).model_dump_json().encode()
