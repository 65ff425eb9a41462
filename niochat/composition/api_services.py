"""The services of the application ``api``, beside the components of its process."""

from dataclasses import dataclass

from niochat.adapters.postgres.idempotency_store import CLEANUP_INTERVAL_S
from niochat.adapters.redis.token_buckets import RedisTokenBuckets
from niochat.adapters.smtp import SmtpClient
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.queue_assignment import QueueAssigner
from niochat.composition.components import Components
from niochat.composition.identity_services import (
    IdentityServices,
    build_audit_heads,
    build_identity_services,
)
from niochat.composition.tenant_services import (
    TenantServices,
    build_gateway_access,
    build_tenant_services,
)
from niochat.conversations.contacts import ContactStore
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.message_search import MessageSearch
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.conversations.search_indexer import SearchIndexer
from niochat.mail.mail_outbox import run_mail_delivery
from niochat.runtime.periodic_loop import run_periodically


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services of one replica."""

    identity: IdentityServices
    tenants: TenantServices
    conversation_queries: ConversationQueries
    message_search: MessageSearch
    contacts: ContactStore
    read_markers: ReadMarkerStore
    agent_presence: PresenceStore
    queue_assigner: QueueAssigner
    request_buckets: RedisTokenBuckets


def build_api_services(components: Components, requests_per_s: float, burst: float) -> ApiServices:
    """Build the services from the components of the process. A caller may send ``burst`` requests
    at once.
    """
    settings, database = components.settings, components.database
    return ApiServices(
        identity=build_identity_services(
            database,
            components.vault,
            settings.base_url,
            settings.mail_from,
            heads=build_audit_heads(settings, components.vault),
        ),
        tenants=build_tenant_services(
            database,
            components.vault,
            build_gateway_access(components),
            components.tenant_changes.publish,
        ),
        conversation_queries=ConversationQueries(database),
        message_search=MessageSearch(database),
        contacts=ContactStore(database, components.vault),
        read_markers=ReadMarkerStore(database),
        agent_presence=PresenceStore(database),
        queue_assigner=QueueAssigner(database),
        request_buckets=RedisTokenBuckets(
            settings.redis_url.get_secret_value(), per_s=requests_per_s, burst=burst, kind="api"
        ),
    )


def start_api_jobs(components: Components, services: ApiServices) -> None:
    """Start the background jobs of the process, which end when the components are closed."""
    identity, background = services.identity, components.background
    background.start(identity.audit_log.run_sealing())
    background.start(SearchIndexer(components.database).run())
    background.start(
        run_periodically(
            "idempotency_cleanup_failed",
            CLEANUP_INTERVAL_S,
            identity.idempotency.delete_expired,
            first_at_once=True,
        )
    )
    if components.settings.smtp_url is not None:
        mail_server = SmtpClient(components.settings.smtp_url.get_secret_value())
        background.start(run_mail_delivery(identity.mail_outbox, mail_server.send))
