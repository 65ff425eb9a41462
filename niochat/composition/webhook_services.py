"""The services of the application ``webhooks``, beside the components of its process."""

import secrets
from dataclasses import dataclass

from niochat.adapters.redis.pubsub import REJECTED_WEBHOOKS_CHANNEL, RedisBroadcast
from niochat.adapters.redis.token_buckets import RedisTokenBuckets
from niochat.composition.components import Components
from niochat.tenants.throttle_status import ThrottleReporter


@dataclass(frozen=True, slots=True)
class WebhookServices:
    """The services of one replica."""

    rejected_webhooks: RedisBroadcast
    tenant_buckets: RedisTokenBuckets
    throttle_reporter: ThrottleReporter


def build_webhook_services(
    components: Components, webhooks_per_s: float, burst: float
) -> WebhookServices:
    """Build the services from the components of the process. One tenant may get ``burst`` webhooks
    at once.
    """
    redis_url = components.settings.redis_url.get_secret_value()
    return WebhookServices(
        rejected_webhooks=RedisBroadcast(redis_url, REJECTED_WEBHOOKS_CHANNEL),
        tenant_buckets=RedisTokenBuckets(redis_url, per_s=webhooks_per_s, burst=burst),
        throttle_reporter=ThrottleReporter(components.database, f"door.{secrets.token_hex(4)}"),
    )
