"""The hand-computed week, who exports it, and who works on the jobs."""

import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.composition.insights.export_services import build_access_loader
from niochat.identity.authentication import Authenticator
from niochat.insights.exports.export_claims import ExportClaims
from niochat.insights.exports.export_job import ExportOrder, ExportRequester, file_key
from niochat.insights.exports.export_purge import ExportPurge
from niochat.insights.exports.export_runner import ExportProgress, ReportExportRunner
from niochat.insights.exports.export_store import ExportOwner, ReportExportStore
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import ReportFilter
from niochat.mail.mail_outbox import MailOutbox
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.insights.hand_computed_week import SAO_PAULO
from tests.insights.test_hand_computed_metrics import WeekFixture

MONDAY = datetime(2026, 4, 20, tzinfo=SAO_PAULO)
CONVERSATIONS = 26
"""Of the week."""
BATCH = 5

ExportHook = Callable[[ExportProgress], Awaitable[None]]


class HookedClaims(ExportClaims):
    """Claims, beside which a test does something before an attempt ends."""

    before_finish: Callable[[], Awaitable[None]] | None = None

    async def finish(self, *arguments: Any) -> None:
        if self.before_finish is not None:
            await self.before_finish()
        await super().finish(*arguments)


@dataclass
class ExportsFixture:
    """Jobs of one provider. ``hook`` is called with all that screens are told."""

    week: WeekFixture
    folder: Path
    told: list[ExportProgress] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    hook: ExportHook | None = None

    def __post_init__(self) -> None:
        house = self.week.api.house
        self.database, self.admin, self.tenant = house.database, house.admin, house.tenant
        self.house = house
        self.files = FileStore.from_url(self.folder.as_uri())
        self.store = ReportExportStore(self.database)
        self.purge = ExportPurge(self.database, self.files)
        self.outbox = MailOutbox(self.database, house.vault, "NioChat <n@example.com>")
        self.claims = self.new_claims()
        self.runner = self.new_runner(self.claims)

    def new_claims(self) -> HookedClaims:
        return HookedClaims(self.database, self.outbox, "https://desk.example.com")

    def new_runner(self, claims: ExportClaims | None = None) -> ReportExportRunner:
        """Another process, which stores its progress after every few rows."""
        return build_runner(
            self.database,
            self.week,
            self.files,
            claims or self.new_claims(),
            self.announce,
        )

    async def announce(self, progress: ExportProgress) -> None:
        self.told.append(progress)
        if self.hook is not None:
            await self.hook(progress)

    def owner(self, user: UUID, tenant: UUID | None = None) -> ExportOwner:
        actor = AuditActor(AuditActorKind.USER, str(user))
        return ExportOwner(tenant or self.tenant, ExportRequester("user", user), actor)

    async def request(self, user: UUID, **changes: Any) -> UUID:
        """All conversations of the week as CSV; returns the id of the job."""
        values: dict[str, Any] = {
            "metric": "conversations",
            "grouping": ReportGrouping.NONE,
            "key": None,
            "filters": ReportFilter(),
            "since": MONDAY,
            "until": MONDAY + timedelta(days=7),
        }
        owner = self.owner(user, changes.pop("tenant", None))
        row = await self.store.create(owner, ExportOrder(**{**values, **changes}))
        return UUID(str(row["id"]))

    async def row(self, export: UUID) -> dict[str, Any]:
        row = await self.admin.fetchrow("SELECT * FROM report_exports WHERE id = $1", export)
        assert row is not None
        return dict(row)

    async def file(self, export: UUID) -> bytes:
        """The file of a job that is done."""
        row = await self.row(export)
        assert row["state"] == "done", row
        key = file_key(row["tenant_id"], export, row["file_attempt"])
        data = await self.files.get(key)
        assert data is not None
        assert len(data) == row["file_bytes"]
        return data

    async def protocols(self, export: UUID) -> list[str]:
        """The conversations in the CSV file of a job."""
        return protocols_in(await self.file(export))

    def stored(self) -> list[str]:
        """Names of all files in the store."""
        return sorted(each.name for each in self.folder.rglob("*") if each.is_file())

    async def lapse(self, export: UUID) -> None:
        """The claim of the job expires."""
        await self.admin.execute(
            "UPDATE report_exports SET claimed_until = now() - interval '1 s' WHERE id = $1", export
        )

    async def deliver(self) -> list[EmailMessage]:
        """All queued mails, as the mail server gets them."""

        async def send(mail: EmailMessage) -> None:
            self.mails.append(mail)

        await self.outbox.send_due(send, datetime.now(UTC) + timedelta(days=1))
        return self.mails


def build_runner(
    database: Database,
    week: WeekFixture,
    files: FileStore,
    claims: ExportClaims,
    announce: ExportHook,
) -> ReportExportRunner:
    access = build_access_loader(Authenticator(database, week.api.house.signer))
    return ReportExportRunner(
        claims, week.api.services.reports, files, access, announce, batch_rows=BATCH
    )


def protocols_in(data: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][0] in ("Protocolo", "Protocol")
    return [row[0] for row in rows[1:]]
