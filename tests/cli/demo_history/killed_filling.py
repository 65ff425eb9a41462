"""A process that fills a history and is killed right before or right after the commit of a day."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Literal
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from tests.cli.demo_history.history_fixtures import fill, open_writer

Moment = Literal["before", "after"]
_context = get_context("forkserver")


class DyingDatabase(Database):
    """Kills its own process around the commit number ``last``."""

    moment: Moment
    last: int
    commits = 0

    async def commit(self, connection: Connection) -> None:
        self._before_commit()
        await super().commit(connection)
        self._after_commit()

    @asynccontextmanager
    async def transaction(self, connection: Connection) -> AsyncIterator[None]:
        async with super().transaction(connection):
            yield
            self._before_commit()
        self._after_commit()

    def _before_commit(self) -> None:
        self.commits += 1
        if (self.commits, self.moment) == (self.last, "before"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _after_commit(self) -> None:
        if self.commits == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def fill_and_die(url: str, tenant_id: UUID, days: int, moment: Moment, last: int) -> int | None:
    """Fills in a child process; returns its exit code."""
    process = _context.Process(target=_main, args=(url, tenant_id, days, moment, last), daemon=True)
    process.start()
    process.join(60)
    if process.is_alive():
        process.kill()
    return process.exitcode


def _main(url: str, tenant_id: UUID, days: int, moment: Moment, last: int) -> None:
    asyncio.run(_fill(url, tenant_id, days, moment, last))


async def _fill(url: str, tenant_id: UUID, days: int, moment: Moment, last: int) -> None:
    database = await DyingDatabase.open(url, size=4)
    assert isinstance(database, DyingDatabase)
    database.moment, database.last = moment, last
    await fill(await open_writer(database, tenant_id), days)
