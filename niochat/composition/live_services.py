"""The services of the application ``live``, beside the components of its process."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.redis.pubsub import RELEASE_CHANNEL, RedisBroadcast
from niochat.assignment.agent_presence import PresenceStore
from niochat.composition.components import Components
from niochat.composition.identity_services import IdentityServices, build_identity_services
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.domain.permissions import ConversationOwner
from niochat.insights.sla.sla_watcher import SlaWatcher
from niochat.live.channel_watch import ChannelWatch
from niochat.live.ephemeral_frames import FrameEnvelope, SlaFrame
from niochat.live.event_log import EventLog
from niochat.live.hub import LiveHub
from niochat.live.screen_counters import ScreenCounters


@dataclass(frozen=True, slots=True)
class LiveServices:
    """The services of one replica."""

    identity: IdentityServices
    hub: LiveHub
    channel_watch: ChannelWatch
    conversation_queries: ConversationQueries
    read_markers: ReadMarkerStore
    agent_presence: PresenceStore
    build_announcements: RedisBroadcast


def build_live_services(components: Components) -> LiveServices:
    """Build the services from the components of the process."""
    settings, database = components.settings, components.database
    hub = LiveHub(EventLog(database), ScreenCounters(database))
    return LiveServices(
        identity=build_identity_services(
            database, components.vault, settings.base_url, settings.mail_from
        ),
        hub=hub,
        channel_watch=ChannelWatch(database, hub),
        conversation_queries=ConversationQueries(database),
        read_markers=ReadMarkerStore(database),
        agent_presence=PresenceStore(database),
        build_announcements=RedisBroadcast(settings.redis_url.get_secret_value(), RELEASE_CHANNEL),
    )


def build_sla_watcher(components: Components) -> SlaWatcher:
    """Build the watcher of SLA clocks, which tells screens what is due next."""

    async def announce(tenant_id: UUID, row: dict[str, Any]) -> None:
        frame = SlaFrame(conversation_id=row["id"], sla=row["shown"])
        holder = ConversationOwner(row["agent"], row["team"])
        envelope = FrameEnvelope.wrap(tenant_id, frame, holder).encode()
        await components.ephemeral_frames.publish_bytes(envelope)

    return SlaWatcher(components.projector_database, announce)
