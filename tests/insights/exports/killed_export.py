"""A process that works on an export job and is killed at a chosen moment."""

import asyncio
import os
import signal
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Literal

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.composition.insights.export_services import build_access_loader
from niochat.identity.access_tokens import AccessTokenSigner
from niochat.identity.authentication import Authenticator
from niochat.insights.exports.export_claims import ExportClaims
from niochat.insights.exports.export_runner import ExportProgress, ReportExportRunner
from niochat.insights.reports.report_store import ReportStore
from niochat.mail.mail_outbox import MailOutbox
from niochat.vault.vault import Vault

Moment = Literal["claimed", "in the middle", "stored", "done"]
_context = get_context("forkserver")


@dataclass(frozen=True)
class KilledExport:
    """What the process gets: addresses, the size of its batches, and when it dies."""

    database_url: str
    files_url: str
    batch_rows: int
    moment: Moment

    def run(self) -> int | None:
        """Work on the next job in a child process; returns its exit code."""
        process = _context.Process(target=_main, args=(self,), daemon=True)
        process.start()
        process.join(60)
        if process.is_alive():
            process.kill()
        return process.exitcode


class DyingClaims(ExportClaims):
    """Kills its own process."""

    moment: Moment

    async def advance(self, job: Any, written: int, *arguments: Any) -> None:
        if self.moment == "claimed":
            _die()
        await super().advance(job, written, *arguments)
        if self.moment == "in the middle" and written > 0:
            _die()

    async def finish(self, *arguments: Any) -> None:
        if self.moment == "stored":
            _die()
        await super().finish(*arguments)
        _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _main(killed: KilledExport) -> None:
    asyncio.run(_work(killed))


async def _work(killed: KilledExport) -> None:
    database, vault = await Database.open(killed.database_url, size=4), Vault({"k1": bytes(32)})
    claims = DyingClaims(database, MailOutbox(database, vault, "n@example.com"), "")
    claims.moment = killed.moment

    async def tell(progress: ExportProgress) -> None:
        """Nobody listens."""

    authenticator = Authenticator(database, AccessTokenSigner(database, vault))
    await ReportExportRunner(
        claims,
        ReportStore(database),
        FileStore.from_url(killed.files_url),
        build_access_loader(authenticator),
        tell,
        batch_rows=killed.batch_rows,
    ).run_next()
