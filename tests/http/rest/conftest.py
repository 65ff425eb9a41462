"""The API as production builds it, on this test's database, behind a real uvicorn."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from fastapi import FastAPI

from niochat.adapters.file_store import FileStore
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.alerts.alert_rule_store import AlertRuleStore
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.colleagues import ColleagueDirectory
from niochat.assignment.pause_reasons import PauseReasonStore
from niochat.assignment.presence_changes import PresenceChangeHandler
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.attachments.attachment_store import AttachmentStore
from niochat.composition.identity_services import build_identity_services
from niochat.composition.mirror.mirror_services import build_supabase_services
from niochat.composition.subscriber_services import build_subscriber_services
from niochat.composition.tenant_services import build_tenant_services
from niochat.config import Settings
from niochat.conversations.canned.canned_responses import CannedResponseStore
from niochat.conversations.contact_directory import ContactDirectory
from niochat.conversations.contacts import ContactStore
from niochat.conversations.conversation_lists import ConversationLists
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.history.conversation_history import ConversationHistory
from niochat.conversations.history.turn_queries import TurnQueries
from niochat.conversations.message_history import MessageHistory
from niochat.conversations.message_search import MessageSearch
from niochat.conversations.opt_outs import OptOutStore
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.http.rest.rest_application import build_rest_application
from niochat.http.rest.rest_services import RestServices
from niochat.inbox.command_submitter import CommandSubmitter
from niochat.inbox.conversation_starter import ConversationStarter
from niochat.insights.exports.export_store import ReportExportStore
from niochat.insights.follow_ups.follow_up_report import FollowUpReport
from niochat.insights.reports.dashboard import DashboardStore
from niochat.insights.reports.report_store import ReportStore
from niochat.insights.schedules.schedule_store import ReportScheduleStore
from niochat.insights.sla.sla_policy_store import SlaPolicyStore
from niochat.live.activities import ACTIVITY_NAMES
from niochat.ports.erp import (
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
    TimedErpRead,
)
from niochat.push.push_subscriptions import PushSubscriptionStore
from niochat.push.vapid_keys import VapidKeyStore
from niochat.ratings.rating_queries import RatingQueries
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.tenants.channel_provisioning import GatewayAccess
from niochat.tenants.tenant_config_cache import TenantConfigCache
from tests.builders import (
    Admin,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.http.conftest import serve_app
from tests.identity.conftest import PASSWORD, IdentityFixture
from tests.manual_clock import ManualDateTime


@dataclass(frozen=True)
class ConversationFixture:
    """A conversation and where it is."""

    id: UUID
    thread: UUID
    place: ChannelRef


@dataclass
class RestApiFixture:
    """The API, the people who call it, and a host that steps what they ask for."""

    house: IdentityFixture
    app: FastAPI
    http: httpx.AsyncClient
    given: RowBuilder
    host: Host
    changed: list[UUID]
    """Whose access was told to have changed."""
    announced: list[UUID]
    """Tenants that were told to be other ones."""
    said: list[bytes]
    """What was told to screens in passing."""
    queues: QueueAssigner
    looks: list[TeamQueueKey]
    """Queues that were told to look."""

    @property
    def services(self) -> RestServices:
        """What the API was built with."""
        services: RestServices = self.app.state.services
        return services

    def with_services(self, **other: Any) -> None:
        """The API with something else in place of a service."""
        self.app.state.services = replace(self.services, **other)

    async def conversation(
        self, place: ChannelRef | None = None, *words: str
    ) -> ConversationFixture:
        """A customer has written; the assistant has the conversation."""
        place = place or ChannelRef(self.house.tenant, await self.given.channel(self.house.tenant))
        thread = await self.given.thread(place)
        said = [build_message(f"m{n}", each) for n, each in enumerate(words or ("oi",))]
        await insert_commands(self.host, place, thread, said)
        await self.host.run(thread)
        (conversation,) = await self.given.rows(
            "SELECT id FROM conversations WHERE thread_id = $1", thread
        )
        return ConversationFixture(conversation, thread, place)

    async def bearer(self, login: str) -> dict[str, str]:
        """Headers of somebody who signed in."""
        told = await self.http.post("/auth/login", json={"login": login, "password": PASSWORD})
        assert told.status_code == 200, told.text
        return {"authorization": f"Bearer {told.json()['access_token']}"}

    async def add_signed_in_user(
        self, role: str, tenant: UUID | None = None
    ) -> tuple[UUID, dict[str, str]]:
        """A new user of that role, signed in."""
        login = f"{role}-{tenant or 'own'}@example.com"
        user = await self.house.create_user(login, role, tenant=tenant)
        return user, await self.bearer(login)


class NoErpClient:
    """Of providers without an ERP: nobody asks it."""

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[ResultT]:
        raise ErpError("this provider has no ERP", code="erp_none", left=False)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        raise ErpError("this provider has no ERP", code="erp_none", left=False)

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        raise ErpError("this provider has no ERP", code="erp_none", left=False)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of that code, and says something."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert len(body["title"]) > 5
    return body


SUPABASE_GUARD = SsrfGuard([ip_network("127.0.0.0/8")])


def no_supabase_project() -> Settings:
    """The settings of an installation without a project of its own."""
    return Settings.read(
        {
            "DATABASE_URL": "postgresql://unused",
            "REDIS_URL": "redis://unused",
            "NIOCHAT_VAULT_KEYS": "unused",
            "NIOCHAT_BASE_URL": "https://desk.example.com",
        }
    )


@pytest_asyncio.fixture
async def rest_api(
    database: Database, admin: Admin, given: RowBuilder, ownership: ShardAssignments, tmp_path: Path
) -> AsyncIterator[RestApiFixture]:
    """With one provider; nobody works there yet."""
    host, owner = Host("host-a:1", database), BackgroundTaskSet("tests")
    await ownership.assign_all(host)

    def run_threads(*threads: UUID) -> None:
        for thread in threads:
            owner.start(host.run(thread))

    asking = CommandSubmitter(host.inbox, run_threads)
    house = IdentityFixture(database, admin, ManualDateTime(), await given.tenant())
    access = build_identity_services(
        database, house.vault, "https://desk.example.com", "n@example.com", house.passwords
    )
    changed: list[UUID] = []
    announced: list[UUID] = []

    async def access_changed(whose: UUID) -> None:
        changed.append(whose)

    async def announce(tenant: UUID) -> None:
        announced.append(tenant)

    gateway, administration = UazapiClient(lookup_timeout_s=5), UazapiAdmin(timeout_s=5)
    outside = GatewayAccess(
        gateway, administration, SsrfGuard().check_url, None, "https://desk.example.com"
    )
    accounts = build_tenant_services(database, house.vault, outside, announce)
    said: list[bytes] = []

    async def say(words: bytes) -> None:
        said.append(words)

    queues = QueueAssigner(database)
    looks: list[TeamQueueKey] = []
    presence = PresenceChangeHandler(
        queues,
        lambda tenant, threads: run_threads(*threads),
        looks.append,
    )
    contacts = ContactStore(database, house.vault)
    reports = ReportStore(database)
    files = FileStore.from_url(tmp_path.as_uri())
    services = RestServices(
        identity=access,
        tenants=accounts,
        conversation_queries=ConversationQueries(database),
        conversation_lists=ConversationLists(database),
        conversation_starter=ConversationStarter(database),
        message_history=MessageHistory(database, ACTIVITY_NAMES),
        conversation_history=ConversationHistory(database),
        turn_queries=TurnQueries(database),
        ratings=RatingQueries(database),
        message_search=MessageSearch(database),
        contacts=contacts,
        contact_directory=ContactDirectory(database, contacts),
        command_submitter=asking,
        read_markers=ReadMarkerStore(database),
        attachments=AttachmentStore(database, files, house.vault),
        file_store=files,
        announce_access_change=access_changed,
        publish_frame=say,
        agent_presence=PresenceStore(database),
        announce_presence_change=presence.handle_change,
        subscribers=build_subscriber_services(
            database,
            ContactStore(database, house.vault),
            NoErpClient(),
            TenantConfigCache(database, house.vault).erp,
        ),
        colleagues=ColleagueDirectory(database),
        pause_reasons=PauseReasonStore(database),
        canned_responses=CannedResponseStore(database),
        alert_rules=AlertRuleStore(database, house.vault, SsrfGuard().check_url),
        report_schedules=ReportScheduleStore(database),
        report_exports=ReportExportStore(database),
        sla_policies=SlaPolicyStore(database),
        follow_up_report=FollowUpReport(database),
        opt_outs=OptOutStore(database),
        push_subscriptions=PushSubscriptionStore(database, house.vault, SsrfGuard().check_url),
        vapid_keys=VapidKeyStore(database, house.vault),
        reports=reports,
        dashboard=DashboardStore(database, reports),
        supabase=build_supabase_services(
            database, house.vault, no_supabase_project(), SUPABASE_GUARD
        ),
        secure_cookies=False,
    )
    app = build_rest_application(services)
    async with serve_app(app) as http:
        yield RestApiFixture(house, app, http, given, host, changed, announced, said, queues, looks)
    await gateway.close()
    await administration.close()
