"""The services of one incarnation of a host, beside the components of its process."""

from dataclasses import dataclass

from niochat.attachments.attachment_downloader import AttachmentDownloader, AttachmentSettler
from niochat.composition.components import Components
from niochat.conversations.pauses import ActorPauseStore
from niochat.conversations.step.step_runner import StepRunner
from niochat.inbox.sweep_queries import SweepQueries
from niochat.outbox.outbox_store import OutboxStore
from niochat.tenants.quota_cache import TenantQuotaCache
from niochat.tenants.throttle_status import ThrottleReporter


@dataclass(frozen=True, slots=True)
class HostServices:
    """Services that read and write rows on behalf of a host incarnation."""

    step_runner: StepRunner
    outbox: OutboxStore
    downloader: AttachmentDownloader
    pauses: ActorPauseStore
    sweep_queries: SweepQueries
    tenant_quotas: TenantQuotaCache
    throttle_reporter: ThrottleReporter


def build_host_services(
    components: Components, incarnation: str, settle_file: AttachmentSettler
) -> HostServices:
    """Build the services from the components of the process. ``incarnation`` names the owner in
    rows; ``settle_file`` passes a downloaded file to its thread's actor.
    """
    database = components.database
    return HostServices(
        step_runner=StepRunner(database, incarnation),
        outbox=OutboxStore(database, incarnation, components.attachments.read_all),
        downloader=AttachmentDownloader(
            database,
            components.gateway,
            components.credentials_for,
            components.object_store,
            settle_file,
        ),
        pauses=ActorPauseStore(database),
        sweep_queries=SweepQueries(database, incarnation),
        tenant_quotas=TenantQuotaCache(database),
        throttle_reporter=ThrottleReporter(database, incarnation),
    )
