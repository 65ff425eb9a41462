"""The outbox store: claims the next send of a thread (statement 3) and reads the unsettled ones."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import UnavailableError
from niochat.domain.message import FILE_KINDS, MessageChange, MessageKind
from niochat.ports.gateway import OutboundFile, OutboundMessage, SentMessageChange
from niochat.runtime.batcher import Batcher

_SQL = queries("outbox")

FileLoader = Callable[[UUID, UUID], Awaitable[bytes | None]]
"""Returns the bytes of a tenant's file from the file store, or ``None`` if it is missing."""
_DESTINATION_COLUMNS = {"channel_kind", "base_url", "token_sealed", "phone", "lid"}
_CHANGES = frozenset(MessageChange)
SEND_WINDOW_S = 20.0
"""Time from the claim within which the gateway must answer. A send without an answer is uncertain
then and is looked up.
"""


@dataclass(frozen=True, slots=True)
class ClaimedSend:
    """A row with the status ``sending``. Its claimer must send it or settle it as not sent."""

    id: UUID
    tenant_id: UUID
    thread_id: UUID
    channel_id: UUID
    text: str
    attempts: int
    kind: MessageKind | MessageChange = MessageKind.TEXT
    attachment_id: UUID | None = None
    """The file for kinds that have one; ``text`` is its caption then."""
    message_id: UUID | None = None
    target: str | None = None
    """The gateway's id of the message to change."""
    reply_to: str | None = None
    """The gateway's id of the quoted message."""
    choices: tuple[str, ...] = ()
    """Options of the menu that is sent with the text."""
    destination: "SendDestination | None" = None
    recovering: bool = False
    """Whether the channel was held before. A success ends the hold."""
    more: bool = False
    """Whether the thread has other unsettled rows."""


@dataclass(frozen=True, slots=True)
class UnsettledSend:
    """A row whose send has no final outcome."""

    id: UUID
    tenant_id: UUID
    channel_id: UUID
    status: str
    lookups: int
    resends: int
    attempts: int
    due: bool
    due_in_s: float
    orphaned: bool
    """Whether it is ``sending``, but its sender is gone or its send window is over."""
    too_old: bool
    unwanted: bool
    """Whether the provider begins with this message, and may not any longer."""


@dataclass(frozen=True, slots=True)
class SendDestination:
    """The gateway instance and the number for a thread's messages. ``number`` is digits or
    ``…@lid``.
    """

    kind: str
    base_url: str
    token_sealed: bytes
    tenant_id: UUID
    number: str


class OutboxStore:
    """Reads and claims outbox rows for one host incarnation."""

    def __init__(self, database: Database, host: str, read_file: FileLoader) -> None:
        self._database = database
        self._host = host
        self._read_file = read_file
        self._claims: Batcher[tuple[UUID, int], ClaimedSend | None] = Batcher(
            self._claim_group,
            retry_individually_if=lambda error: not isinstance(error, UnavailableError),
        )

    async def claim(self, thread_id: UUID, epoch: int) -> ClaimedSend | None:
        """Claims the thread's next row, which is ``sending`` then; ``None`` if none may start."""
        return await self._claims.submit((thread_id, epoch))

    async def list_unsettled(self, thread_id: UUID) -> list[UnsettledSend]:
        """Returns the thread's unsettled rows, oldest first, at most 20."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["unsettled"], thread_id)
        return [UnsettledSend(**dict(row)) for row in rows]

    async def record_lookup(self, row: UnsettledSend, *, certain: bool, again_in_s: float) -> None:
        """Records a look-up: the message was not found (``certain``), or the look-up failed. The
        row is due again in ``again_in_s`` seconds.
        """
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["record_lookup"], row.tenant_id, row.id, int(certain), again_in_s
            )

    async def find_destination(self, thread_id: UUID) -> SendDestination | None:
        """Returns the destination of a thread; ``None`` if the contact has no address left."""
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["destination"], thread_id)
        return _destination(dict(row)) if row is not None else None

    async def load_outbound(
        self, claimed: ClaimedSend
    ) -> OutboundMessage | SentMessageChange | None:
        """Returns the message or change to send. ``None`` means that its file, or the message that
        it changes, does not exist any more. Raises ``UnavailableError`` if the file store does not
        answer.
        """
        if isinstance(claimed.kind, MessageChange):
            if claimed.target is None:
                return None
            return SentMessageChange(claimed.kind, claimed.target, claimed.text)
        if claimed.kind not in FILE_KINDS:
            return OutboundMessage(claimed.text, reply_to=claimed.reply_to, choices=claimed.choices)
        file = await self._file(claimed)
        if file is None:
            return None
        return OutboundMessage(claimed.text, claimed.kind, file, claimed.reply_to)

    async def _file(self, claimed: ClaimedSend) -> OutboundFile | None:
        tenant_id, attachment_id = claimed.tenant_id, claimed.attachment_id
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["attachment"], tenant_id, attachment_id)
        if row is None or attachment_id is None:
            return None
        data = row["data"]
        if data is None:
            data = await self._read_file(tenant_id, attachment_id)
        return data and OutboundFile(data, row["mimetype"], row["filename"])

    async def hold_channel(self, channel_id: UUID, reason: str) -> bool:
        """Stops new sends of the channel for a while; returns whether this call began the hold."""
        async with self._database.as_system() as connection:
            return await connection.fetchrow(_SQL["hold"], channel_id, reason) is not None

    async def release_channel(self, channel_id: UUID) -> None:
        """Ends the hold of a channel that works again."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["release"], channel_id)

    async def _claim_group(
        self, threads: Sequence[tuple[UUID, int]]
    ) -> Sequence[ClaimedSend | Exception | None]:
        async with self._database.as_system() as connection:
            rows = await self._database.fetch_autocommit(
                connection,
                _SQL["claim"],
                self._host,
                [thread for thread, _ in threads],
                [epoch for _, epoch in threads],
                SEND_WINDOW_S,
            )
        claimed = {row["thread_id"]: _claimed(dict(row)) for row in rows}
        # pop: if one batch asks twice for a thread, only the first request gets the row.
        return [claimed.pop(thread, None) for thread, _ in threads]


def _claimed(row: dict[str, Any]) -> ClaimedSend:
    destination = _destination(row)
    columns = {name: value for name, value in row.items() if name not in _DESTINATION_COLUMNS}
    kind = MessageChange(row["kind"]) if row["kind"] in _CHANGES else MessageKind(row["kind"])
    choices = tuple(columns["choices"] or ())
    return ClaimedSend(**{**columns, "kind": kind, "choices": choices}, destination=destination)


def _destination(row: dict[str, Any]) -> SendDestination | None:
    if not (row["phone"] or row["lid"]):
        return None
    number = row["phone"] or f"{row['lid']}@lid"
    return SendDestination(
        row["channel_kind"], row["base_url"], row["token_sealed"], row["tenant_id"], number
    )
