"""A process of the ERP's pool that is killed at one precise moment of a write."""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Literal
from uuid import UUID

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.postgres.database import Database
from niochat.erp.write_journal import ErpWriteJournal, WriteJournalEntry
from niochat.ports.erp import (
    AgentErpOrder,
    ErpAccount,
    ErpWrite,
    ErpWriteReceipt,
    IdempotentErpWrite,
)
from niochat.vault.vault import Vault
from tests.erp.erp_service_harness import VAULT_KEY, ErpServiceHarness

Moment = Literal["journalled", "leaving", "settling", "asking"]
"""Right after the journal's row; after it says that the request leaves, right before the
socket; right before the ERP's answer is recorded; never by itself: its killer comes meanwhile.
"""

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.erp.crashing_process"])


@dataclass(frozen=True)
class CrashingJob:
    """What the process does, and when it dies."""

    moment: Moment
    url: str
    tenant: UUID
    order: IdempotentErpWrite
    vault_key: bytes = VAULT_KEY


class CrashingWriteJournal(ErpWriteJournal):
    """Dies right after it wrote a write down, or right before it settles one."""

    def __init__(self, database: Database, moment: Moment) -> None:
        super().__init__(database)
        self._moment = moment

    async def begin(
        self, tenant_id: UUID, key: str, turn_id: UUID, attempt: int, request: Mapping[str, object]
    ) -> WriteJournalEntry:
        entry = await super().begin(tenant_id, key, turn_id, attempt, request)
        _die(self._moment == "journalled")
        return entry

    async def begin_agent_order(
        self, tenant_id: UUID, key: str, order: AgentErpOrder, request: Mapping[str, object]
    ) -> WriteJournalEntry:
        entry = await super().begin_agent_order(tenant_id, key, order, request)
        _die(self._moment == "journalled")
        return entry

    async def settle(
        self, tenant_id: UUID, write_id: UUID, status: str, result: Mapping[str, object]
    ) -> bool:
        _die(self._moment == "settling")
        return await super().settle(tenant_id, write_id, status, result)


class CrashingSgp(SgpClient):
    """Dies right before a write's request goes to its socket."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        _die(self._moment == "leaving")
        return await super().write(account, request, timeout_s)


class CrashingProcess:
    """The process as its killer sees it."""

    def __init__(self, job: CrashingJob) -> None:
        self._process = _context.Process(target=_main, args=(job,), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """Now."""
        self._process.kill()

    async def wait_until_dead(self) -> None:
        """Wait until it is; it did not end by itself."""
        await asyncio.to_thread(self._process.join, 20)
        assert self._process.exitcode == -signal.SIGKILL

    def end(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _die(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


def _main(job: CrashingJob) -> None:
    asyncio.run(_run(job))


async def _run(job: CrashingJob) -> None:
    database = await Database.open(job.url, size=3)
    office = ErpServiceHarness(
        database, erp=CrashingSgp(job.moment), vault=Vault({"k1": job.vault_key})
    )
    office.journal = CrashingWriteJournal(database, job.moment)
    await office.writes.write(job.tenant, job.order)
