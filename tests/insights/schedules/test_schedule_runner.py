"""Scheduled reports reach their readers once, whatever happens meanwhile."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pypdf
import pytest
import pytest_asyncio

from niochat.domain.errors import UnavailableError
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import Report, ReportFilter, ReportRequest
from niochat.insights.reports.report_store import ReportStore
from niochat.insights.schedules.schedule_runner import MAX_ATTEMPTS, ScheduledReportRunner
from niochat.insights.schedules.schedule_store import (
    ReportScheduleStore,
    ScheduledReport,
    ScheduleEditor,
)
from niochat.insights.schedules.schedule_times import ReportCadence
from niochat.mail.mail_outbox import MailOutbox
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.http.rest.conftest import rest_api
from tests.insights.hand_computed_week import SAO_PAULO
from tests.insights.test_hand_computed_metrics import WeekFixture, week

__all__ = ["rest_api", "week"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

MONDAY = datetime(2026, 4, 27, 8, tzinfo=SAO_PAULO)
"""When a weekly report of the hand-computed week is due."""
BEFORE = MONDAY - timedelta(days=3)


@dataclass
class ScheduleFixture:
    """The hand-computed week, and who sends its reports."""

    week: WeekFixture
    mails: list[EmailMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        house = self.week.api.house
        self.database, self.admin, self.tenant = house.database, house.admin, house.tenant
        self.outbox = MailOutbox(self.database, house.vault, "NioChat <n@example.com>")
        self.store = ReportScheduleStore(self.database)
        self.runner = self.new_runner(self.week.api.services.reports)

    def new_runner(self, reports: ReportStore) -> ScheduledReportRunner:
        """Another process."""
        return ScheduledReportRunner(
            self.database, reports, self.outbox, "https://desk.example.com"
        )

    def editor(self, now: datetime = BEFORE) -> ScheduleEditor:
        return ScheduleEditor(self.tenant, AuditActor(AuditActorKind.USER, "boss"), now)

    async def schedule(self, **changes: Any) -> UUID:
        """A weekly report for Ana and Bia; returns its id."""
        values: dict[str, Any] = {
            "name": "Semana",
            "metrics": ("conversations", "rating"),
            "grouping": ReportGrouping.AGENT,
            "cadence": ReportCadence.WEEK,
            "hour": 8,
            "recipients": ("ana@example.com", "bia@example.com"),
        }
        row = await self.store.create(self.editor(), ScheduledReport(**{**values, **changes}))
        return UUID(str(row["id"]))

    async def find(self, schedule: UUID) -> dict[str, Any]:
        return await self.store.find(self.tenant, schedule)

    async def deliver(self) -> list[EmailMessage]:
        """All queued mails, as the mail server gets them."""

        async def send(mail: EmailMessage) -> None:
            self.mails.append(mail)

        await self.outbox.send_due(send, MONDAY + timedelta(days=900))
        return self.mails

    @asynccontextmanager
    async def deadly(self) -> AsyncIterator[None]:
        """Whoever queues a mail dies within the transaction: the server ends its session."""
        await self.admin.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        await self.admin.execute(
            "CREATE TRIGGER deadly BEFORE INSERT ON mails FOR EACH ROW EXECUTE FUNCTION die()"
        )
        try:
            yield
        finally:
            await self.admin.execute("DROP TRIGGER deadly ON mails")
            await self.admin.execute("DROP FUNCTION die")


@pytest_asyncio.fixture
async def scheduling(week: WeekFixture) -> ScheduleFixture:
    return ScheduleFixture(week)


def attached(mail: EmailMessage) -> tuple[str, bytes]:
    """The name and the content of the only file."""
    (file,) = mail.iter_attachments()
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    return str(file.get_filename()), content


async def test_a_weekly_report_leaves_on_monday_for_each_reader(
    scheduling: ScheduleFixture,
) -> None:
    schedule = await scheduling.schedule()
    assert (await scheduling.find(schedule))["next_at"] == MONDAY
    assert await scheduling.runner.send_due(MONDAY - timedelta(seconds=1)) == 0
    assert await scheduling.runner.send_due(MONDAY) == 1
    assert await scheduling.runner.send_due(MONDAY + timedelta(minutes=10)) == 0

    mails = await scheduling.deliver()
    assert sorted(str(mail["To"]) for mail in mails) == ["ana@example.com", "bia@example.com"]
    assert str(mails[0]["Subject"]).endswith(": Semana, 20/04/2026 – 26/04/2026")
    body = mails[0].get_body(("plain",))
    assert body is not None
    assert "https://desk.example.com/relatorios" in body.get_content()
    name, pdf = attached(mails[0])
    assert name == "Semana-2026-04-20.pdf"
    text = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Período: 20/04/2026 – 26/04/2026, comparado com 13/04/2026 – 19/04/2026" in text
    row = await scheduling.find(schedule)
    assert (row["next_at"], row["sent_at"]) == (MONDAY + timedelta(days=7), MONDAY)
    assert row["failure"] is None


async def test_filters_format_and_language_are_kept(scheduling: ScheduleFixture) -> None:
    await scheduling.schedule(
        metrics=("conversations",),
        grouping=ReportGrouping.NONE,
        filters=ReportFilter(agent=scheduling.week.people["bia"]),
        file_format="csv",
        language="en",
    )
    own = await scheduling.week.get(
        "query", metric="conversations", agent=scheduling.week.people["bia"]
    )
    await scheduling.runner.send_due(MONDAY)

    name, text = attached((await scheduling.deliver())[0])
    assert name == "Semana-2026-04-20.csv"
    lines = text.decode("utf-8-sig").splitlines()
    assert lines[0] == "Total;Conversations;Conversations, period before"
    assert lines[1] == f"Total;{own['rows'][0]['values']['conversations']:g};0"


async def test_line_breaks_in_names_harm_no_mail(scheduling: ScheduleFixture) -> None:
    await scheduling.schedule(name="Semana\r\nBcc: x@example.com", file_format="csv")
    await scheduling.admin.execute("UPDATE tenants SET name = E'Provedor\\nLonge'")
    await scheduling.runner.send_due(MONDAY)
    mails = await scheduling.deliver()
    assert len(mails) == 2
    subject = "Provedor Longe: Semana Bcc: x@example.com, 20/04/2026 – 26/04/2026"
    assert mails[0]["Subject"] == subject
    assert "Bcc" not in mails[0]


async def test_two_processes_send_it_once(scheduling: ScheduleFixture) -> None:
    await scheduling.schedule()
    other = scheduling.new_runner(scheduling.week.api.services.reports)
    await asyncio.gather(*(runner.send_due(MONDAY) for runner in (scheduling.runner, other) * 3))
    assert len(await scheduling.deliver()) == 2


async def test_a_process_that_dies_while_it_sends_loses_and_doubles_nothing(
    scheduling: ScheduleFixture,
) -> None:
    await scheduling.schedule()
    async with scheduling.deadly():
        await scheduling.runner.send_due(MONDAY)
    assert await scheduling.deliver() == []

    assert await scheduling.runner.send_due(MONDAY + timedelta(minutes=1)) == 0
    assert await scheduling.runner.send_due(MONDAY + timedelta(minutes=6)) == 1
    assert len(await scheduling.deliver()) == 2


async def test_what_was_missed_for_weeks_is_sent_once_for_the_last_week(
    scheduling: ScheduleFixture,
) -> None:
    schedule = await scheduling.schedule()
    late = MONDAY + timedelta(days=23)
    assert await scheduling.runner.send_due(late) == 1
    assert await scheduling.runner.send_due(late) == 0
    name, _ = attached((await scheduling.deliver())[0])
    assert name == "Semana-2026-05-11.pdf"
    assert (await scheduling.find(schedule))["next_at"] == MONDAY + timedelta(days=28)


async def test_a_report_that_was_changed_meanwhile_is_not_sent(
    scheduling: ScheduleFixture,
) -> None:
    schedule = await scheduling.schedule()

    class SlowReports(ReportStore):
        async def run_report(self, tenant_id: UUID, request: ReportRequest) -> Report:
            report = await super().run_report(tenant_id, request)
            await scheduling.store.delete(scheduling.editor(), schedule, None)
            return report

    await scheduling.new_runner(SlowReports(scheduling.database)).send_due(MONDAY)
    assert await scheduling.deliver() == []


async def test_a_failure_is_said_and_tried_again_for_an_hour(scheduling: ScheduleFixture) -> None:
    schedule = await scheduling.schedule()

    class BrokenReports(ReportStore):
        async def run_report(self, tenant_id: UUID, request: ReportRequest) -> Report:
            raise UnavailableError("The database does not answer.")

    broken = scheduling.new_runner(BrokenReports(scheduling.database))
    for attempt in range(MAX_ATTEMPTS):
        assert (await scheduling.find(schedule))["next_at"] == MONDAY
        assert await broken.send_due(MONDAY + timedelta(minutes=5 * attempt)) == 1
        assert (await scheduling.find(schedule))["failure"] == "unavailable"
    row = await scheduling.find(schedule)
    assert (row["next_at"], row["sent_at"]) == (MONDAY + timedelta(days=7), None)

    assert await scheduling.runner.send_due(MONDAY + timedelta(days=7)) == 1
    assert (await scheduling.find(schedule))["failure"] is None


async def test_a_metric_that_no_longer_exists_is_said_at_once(scheduling: ScheduleFixture) -> None:
    schedule = await scheduling.schedule()
    await scheduling.admin.execute("UPDATE report_schedules SET metrics = '{love}'")
    await scheduling.runner.send_due(MONDAY)
    row = await scheduling.find(schedule)
    assert (row["next_at"], row["failure"]) == (MONDAY + timedelta(days=7), "invalid")
    assert await scheduling.deliver() == []


@pytest.mark.parametrize("state", ["paused", "suspended"])
async def test_nothing_is_sent_while_it_is_paused_or_the_provider_suspended(
    scheduling: ScheduleFixture, state: str
) -> None:
    await scheduling.schedule(active=state != "paused")
    if state == "suspended":
        await scheduling.admin.execute(
            "UPDATE tenants SET status = 'suspended' WHERE tenant_id = $1", scheduling.tenant
        )
    assert await scheduling.runner.send_due(MONDAY) == 0


async def test_a_report_can_be_sent_at_once(scheduling: ScheduleFixture) -> None:
    schedule = await scheduling.schedule()
    wednesday = MONDAY + timedelta(days=2, hours=3)
    await scheduling.store.send_now(scheduling.editor(wednesday), schedule)
    assert await scheduling.runner.send_due(wednesday) == 1
    name, _ = attached((await scheduling.deliver())[0])
    assert name == "Semana-2026-04-20.pdf"
    assert (await scheduling.find(schedule))["next_at"] == MONDAY + timedelta(days=7)
