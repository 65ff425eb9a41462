"""Counts for screens: waiting conversations by team, and unread messages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import FrameEnvelope, QueuesFrame, UnreadFrame
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
        "conversation_reopened_for_team",
    }
)
"""Events that may change the length of a queue."""


@dataclass(slots=True)
class QueueCounts:
    """The counts of one tenant: waiting conversations by team, and those of the assistant."""

    teams: dict[str, int] = field(default_factory=dict)
    with_assistant: int = 0


@dataclass(frozen=True, slots=True)
class UnreadTarget:
    """An agent and one of their conversations whose unread messages may have changed."""

    tenant_id: UUID
    user_id: UUID
    conversation_id: UUID


class ScreenCounters:
    """Notes which counts may have changed and counts them again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: set[UUID] = set()
        self._unread_targets: set[UnreadTarget] = set()

    def mark_changed(self, tenant_id: UUID) -> None:
        """Notes that the tenant's queues, or the screens that show them, have changed."""
        self._tenants.add(tenant_id)

    def record_event(self, event: LoggedEvent) -> None:
        """Notes the counts that the event may have changed."""
        if event.type in QUEUE_CHANGING_EVENTS:
            self._tenants.add(event.tenant_id)
        agent = event.conversation["agent"]
        if agent is None or event.type not in ("message_received", "conversation_assigned"):
            return
        try:
            user_id = UUID(agent)
        except ValueError:
            return  # set by the command line, which accepts any text as agent
        conversation_id = UUID(str(event.conversation["id"]))
        self._unread_targets.add(UnreadTarget(event.tenant_id, user_id, conversation_id))

    async def count_queues(self, present: Iterable[UUID]) -> Mapping[UUID, QueueCounts]:
        """Returns the counts of the ``present`` tenants whose queues may have changed. Raises
        ``UnavailableError``.
        """
        tenants, self._tenants = self._tenants.intersection(present), set()
        if not tenants:
            return {}
        counts: defaultdict[UUID, QueueCounts] = defaultdict(
            QueueCounts, {t: QueueCounts() for t in tenants}
        )
        try:
            async with self._database.as_system() as connection:
                rows = await connection.fetch(_SQL["count_queues"], list(tenants))
        except NiochatError:
            self._tenants |= tenants  # the next count includes them again
            raise
        for row in rows:
            tenant_counts = counts[row["tenant_id"]]
            if row["status"] == "pending":
                tenant_counts.with_assistant += row["many"]
            elif row["team"] is not None:
                tenant_counts.teams[row["team"]] = row["many"]
        return counts

    async def count_unread(self) -> list[FrameEnvelope]:
        """Returns a frame for each agent and conversation whose unread messages may have changed.
        Raises ``UnavailableError``.
        """
        targets, self._unread_targets = list(self._unread_targets), set()
        if not targets:
            return []
        try:
            async with self._database.as_system() as connection:
                rows = await connection.fetch(
                    _SQL["count_unread_of_agents"],
                    [each.tenant_id for each in targets],
                    [each.user_id for each in targets],
                    [each.conversation_id for each in targets],
                )
        except NiochatError:
            self._unread_targets.update(targets)
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
    """Encodes the counts of the queues that a user may see."""
    shown = {
        team: many for team, many in waiting.teams.items() if can_see(ConversationOwner(None, team))
    }
    with_assistant = waiting.with_assistant if can_see(ConversationOwner(None, None)) else None
    return QueuesFrame(waiting=shown, with_assistant=with_assistant).model_dump_json().encode()
