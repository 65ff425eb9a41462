"""Statement 3 and its companions: which send may start, and what is known of the others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import UnavailableError
from niochat.domain.message import FILE_KINDS, MessageChange, MessageKind
from niochat.ports.gateway import OutboundChange, OutboundFile, OutboundMessage
from niochat.runtime.batcher import Batcher

_SQL = queries("outbox")

FileLoader = Callable[[UUID, UUID], Awaitable[bytes | None]]
"""Bytes of (tenant, file) from the file store; ``None`` when they are not there."""
_DESTINATION_COLUMNS = {"channel_kind", "base_url", "token_sealed", "phone", "lid"}
_CHANGES = frozenset(MessageChange)
SEND_WINDOW_S = 20.0
"""From the claim on; what has not answered by then is uncertain and is looked up."""


@dataclass(frozen=True, slots=True)
class ClaimedSend:
    """A row that is ``sending`` now: it must be sent, or settled as not sent."""

    id: UUID
    tenant_id: UUID
    thread_id: UUID
    channel_id: UUID
    text: str
    attempts: int
    kind: MessageKind | MessageChange = MessageKind.TEXT
    attachment_id: UUID | None = None
    """The file, where ``kind`` comes with one; ``text`` is its caption then."""
    message_id: UUID | None = None
    target: str | None = None
    """The gateway's id of the message that is changed."""
    reply_to: str | None = None
    """The gateway's id of the message that is quoted."""
    destination: "SendDestination | None" = None
    recovering: bool = False
    """The channel was held before: a success ends that."""
    more: bool = False
    """Other rows of the thread have not ended."""


@dataclass(frozen=True, slots=True)
class UnsettledSend:
    """A row that has not ended."""

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
    """Sending, but its sender is gone or its time is over."""
    too_old: bool


@dataclass(frozen=True, slots=True)
class SendDestination:
    """Where a thread's messages go. ``number`` is digits, or ``…@lid``."""

    kind: str
    base_url: str
    token_sealed: bytes
    tenant_id: UUID
    number: str


class OutboxStore:
    """The rows that leave, in the name of one host incarnation."""

    def __init__(self, database: Database, host: str, read_file: FileLoader) -> None:
        self._database = database
        self._host = host
        self._read_file = read_file
        self._claims: Batcher[tuple[UUID, int], ClaimedSend | None] = Batcher(
            self._claim_group,
            retry_individually_if=lambda error: not isinstance(error, UnavailableError),
        )

    async def claim(self, thread_id: UUID, epoch: int) -> ClaimedSend | None:
        """The thread's next row, now ``sending``; ``None`` when none may start."""
        return await self._claims.submit((thread_id, epoch))

    async def list_unsettled(self, thread_id: UUID) -> list[UnsettledSend]:
        """What of the thread has not ended, oldest first."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["unsettled"], thread_id)
        return [UnsettledSend(**dict(row)) for row in rows]

    async def record_lookup(self, row: UnsettledSend, *, certain: bool, again_in_s: float) -> None:
        """The row was not found (``certain``), or could not be looked for."""
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["record_lookup"], row.tenant_id, row.id, int(certain), again_in_s
            )

    async def find_destination(self, thread_id: UUID) -> SendDestination | None:
        """Where to send; ``None`` when the person has no address left."""
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["destination"], thread_id)
        return _destination(dict(row)) if row is not None else None

    async def load_outbound(self, claimed: ClaimedSend) -> OutboundMessage | OutboundChange | None:
        """What the row says, with its file; ``None`` when that, or what it would change, is not
        there any more. Raises ``UnavailableError`` when the file store is away.
        """
        if isinstance(claimed.kind, MessageChange):
            if claimed.target is None:
                return None
            return OutboundChange(claimed.kind, claimed.target, claimed.text)
        if claimed.kind not in FILE_KINDS:
            return OutboundMessage(claimed.text, reply_to=claimed.reply_to)
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
        """Nothing of the channel starts to leave for a while; whether this call began it."""
        async with self._database.as_system() as connection:
            return await connection.fetchrow(_SQL["hold"], channel_id, reason) is not None

    async def release_channel(self, channel_id: UUID) -> None:
        """The channel works again."""
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
        # Taken out: whoever asks for a thread twice at once gets its row once.
        return [claimed.pop(thread, None) for thread, _ in threads]


def _claimed(row: dict[str, Any]) -> ClaimedSend:
    destination = _destination(row)
    said = {name: value for name, value in row.items() if name not in _DESTINATION_COLUMNS}
    kind = MessageChange(row["kind"]) if row["kind"] in _CHANGES else MessageKind(row["kind"])
    return ClaimedSend(**{**said, "kind": kind}, destination=destination)


def _destination(row: dict[str, Any]) -> SendDestination | None:
    if not (row["phone"] or row["lid"]):
        return None
    number = row["phone"] or f"{row['lid']}@lid"
    return SendDestination(
        row["channel_kind"], row["base_url"], row["token_sealed"], row["tenant_id"], number
    )
