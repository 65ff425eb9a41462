"""The components that every process of the product needs."""

from dataclasses import dataclass

from niochat.adapters.clock import database_clock
from niochat.adapters.file_store import FileStore
from niochat.adapters.gateways.gateway_router import GatewayAdminRouter, GatewayRouter
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.postgres.clock_sync import sync_clock
from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.pubsub import (
    ACCESS_CHANNEL,
    EPHEMERAL_CHANNEL,
    EVENTS_CHANNEL,
    ChangeAnnouncements,
    RedisBroadcast,
)
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.attachments.attachment_store import AttachmentStore
from niochat.config import Settings
from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.inbox.backfill import Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import CredentialsOpener, GatewayAdmin, WhatsAppGateway
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.periodic_loop import run_periodically
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault

CLOCK_SYNC_INTERVAL_S = 60.0
FIRST_CLOCK_SYNC_INTERVAL_S = 1.0
"""The interval until the first successful synchronization."""

PROJECTOR_CONNECTIONS = 2
REPORT_CONNECTIONS = 8
"""Half of them for tenants' queries."""
REPORT_PLANNER_SETTINGS = {
    "enable_seqscan": "on",
    "enable_hashjoin": "on",
    "enable_mergejoin": "on",
    "enable_material": "on",
    "enable_bitmapscan": "on",
    "plan_cache_mode": "force_custom_plan",
}
"""Reports read many rows, and how many depends on the period: the planner may choose freely."""


@dataclass(frozen=True, slots=True)
class Components:
    """The components of one process."""

    settings: Settings
    database: Database
    report_database: Database
    """For reports, which must neither wait for the path nor delay it."""
    projector_database: Database
    vault: Vault
    ssrf_guard: SsrfGuard
    gateway: WhatsAppGateway
    gateway_admin: GatewayAdmin
    inbox: InboxStore
    backfill: Backfiller
    views: ConversationInspector
    directory: TenantConfigCache
    tenant_changes: ChangeAnnouncements
    live_hints: ChangeAnnouncements
    access_changes: ChangeAnnouncements
    ephemeral_frames: RedisBroadcast
    credentials_for: CredentialsOpener
    object_store: FileStore
    attachments: AttachmentStore
    background: BackgroundTaskSet

    def start_clock_sync(self) -> None:
        """Synchronize ``database_clock``, in processes whose times other processes check."""
        self.background.start(
            run_periodically(
                "clock_sync_failed",
                lambda: (
                    CLOCK_SYNC_INTERVAL_S
                    if database_clock.is_synchronized
                    else FIRST_CLOCK_SYNC_INTERVAL_S
                ),
                lambda: sync_clock(self.database, database_clock),
                first_at_once=True,
            )
        )

    async def close(self) -> None:
        """Close all connections."""
        self.background.cancel_all()
        await self.gateway.close()
        await self.gateway_admin.close()
        await self.tenant_changes.close()
        await self.live_hints.close()
        await self.access_changes.close()
        await self.ephemeral_frames.close()
        await self.report_database.close()
        await self.projector_database.close()
        await self.database.close()


async def open_components(settings: Settings) -> Components:
    """Build the components. Servers need not be up yet: only the first use of one fails."""
    url = settings.database_url.get_secret_value()
    database = await Database.open(url)
    vault = Vault.from_key_ring(settings.vault_keys.get_secret_value())
    guard = SsrfGuard(settings.private_networks or ())
    gateway = GatewayRouter(GATEWAYS, guard)
    inbox = InboxStore(database)
    directory = TenantConfigCache(database, vault)
    announcements = ChangeAnnouncements(settings.redis_url.get_secret_value())
    files = FileStore.from_url(settings.files_url)
    background = BackgroundTaskSet("announcements")
    background.start(announcements.subscribe(directory.invalidate, directory.invalidate_all))
    return Components(
        settings=settings,
        database=database,
        report_database=await Database.open(
            url, size=REPORT_CONNECTIONS, timeouts=REPORT_PLANNER_SETTINGS
        ),
        projector_database=await Database.open(url, size=PROJECTOR_CONNECTIONS),
        vault=vault,
        ssrf_guard=guard,
        gateway=gateway,
        gateway_admin=GatewayAdminRouter(GATEWAYS, guard),
        inbox=inbox,
        backfill=Backfiller(database, inbox, gateway),
        views=ConversationInspector(database),
        directory=directory,
        tenant_changes=announcements,
        live_hints=ChangeAnnouncements(settings.redis_url.get_secret_value(), EVENTS_CHANNEL),
        access_changes=ChangeAnnouncements(settings.redis_url.get_secret_value(), ACCESS_CHANNEL),
        ephemeral_frames=RedisBroadcast(settings.redis_url.get_secret_value(), EPHEMERAL_CHANNEL),
        credentials_for=directory.gateway_credentials,
        object_store=files,
        attachments=AttachmentStore(database, files, vault),
        background=background,
    )
