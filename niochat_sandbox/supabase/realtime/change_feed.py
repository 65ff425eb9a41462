"""Reads the changes of published tables from PostgreSQL's log, as Realtime does.

A temporary slot with the plugin ``pgoutput`` is polled by SQL. The log was chosen over triggers,
because only it has what Realtime's users meet: no event for an update that a trigger dropped, keys
alone for deleted rows, nothing of tables outside the publication, and commit order. It needs
``wal_level=logical``.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence

import psycopg
from psycopg import sql

from niochat_sandbox.supabase.realtime.pgoutput_decoder import PgoutputDecoder, RowChange

POLL_S = 0.1
RETRY_S = 1.0
MAX_CHANGES = 100
"""Of one poll; a larger transaction is read whole."""
PUBLICATION = "supabase_realtime"
_CREATE = "SELECT pg_create_logical_replication_slot(%s, 'pgoutput', true)"
_READ = sql.SQL(
    "SELECT data FROM pg_logical_slot_get_binary_changes(%s, NULL, %s,"
    " 'proto_version', '1', 'publication_names', {})"
).format(sql.Literal(PUBLICATION))


class FeedUnavailable(Exception):
    """The log cannot be read. The message says what to do."""


class ChangeFeed:
    """Polls from its first :meth:`start` until :meth:`close`.

    If the connection or the slot is lost, it goes on with a new slot; what was committed in between
    is lost, as it is with Realtime.
    """

    def __init__(
        self, database_url: str, deliver: Callable[[Sequence[RowChange]], Awaitable[None]]
    ) -> None:
        """``deliver`` gets the changes of each poll, in commit order."""
        self._database_url = database_url
        self._deliver = deliver
        self._connection: psycopg.AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._slot = ""

    async def start(self) -> None:
        """Return once changes are read; no-op when they are. Raises ``FeedUnavailable``."""
        async with self._starting:
            if self._task is None:
                try:
                    await self._open_slot()
                except psycopg.Error as error:
                    raise FeedUnavailable(f"the database's log cannot be read: {error}") from error
                self._task = asyncio.create_task(self._poll(), name="supabase change feed")

    async def close(self) -> None:
        """Stop; the slot goes with its connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            await self._connection.close()

    async def _open_slot(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._database_url, autocommit=True)
        try:
            row = await (await connection.execute("SHOW wal_level")).fetchone()
            if row is None or row[0] != "logical":
                raise FeedUnavailable("start PostgreSQL with wal_level=logical to use Realtime")
            self._slot = f"supabase_realtime_{secrets.token_hex(6)}"
            await connection.execute(_CREATE, (self._slot,))
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def _poll(self) -> None:
        decoder = PgoutputDecoder()
        while True:
            try:
                if self._connection is None:
                    await self._open_slot()
                    decoder = PgoutputDecoder()
                changes = await self._read(decoder)
                await self._deliver(changes)
                pause = 0.0 if changes else POLL_S
            except psycopg.Error:
                await self._drop_connection()
                pause = RETRY_S
            await asyncio.sleep(pause)

    async def _read(self, decoder: PgoutputDecoder) -> list[RowChange]:
        assert self._connection is not None
        cursor = self._connection.cursor(binary=True)
        await cursor.execute(_READ, (self._slot, MAX_CHANGES))
        changes = [decoder.decode(bytes(row[0])) for row in await cursor.fetchall()]
        return [change for change in changes if change is not None]

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()
