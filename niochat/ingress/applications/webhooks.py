"""``webhooks``: the gateway's door."""

import asyncio
import secrets
from uuid import UUID

import structlog
from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from niochat.accounts.held_back import Teller
from niochat.actors import kinds
from niochat.actors.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.actors.gateway import ActorClient
from niochat.actors.tenant import ChannelConnectedNotice
from niochat.adapters.redis.buckets import Buckets
from niochat.adapters.redis.live import TURNED_AWAY, Broadcast
from niochat.domain.errors import NiochatError
from niochat.ingress.admission import Admission
from niochat.ingress.applications.replica import MOST_TOLD, application
from niochat.ingress.catch_up import CatchUp
from niochat.ingress.elsewhere import Elsewhere
from niochat.ingress.figures import Answers, CountAnswers, DoorFigures, report_for_ever
from niochat.ingress.flood import FloodGuard
from niochat.ingress.webhooks import Door, build
from niochat.runtime.tasks import BackgroundTaskSet
from niochat.wiring.parts import Components

_log = structlog.get_logger(__name__)

TELL_EVERY_S = 5.0
FLOOD_BURST_S = 10.0
"""Seconds of the flood guard's rate that may come at once."""


def _webhook_routes(parts: Components, answers: Answers) -> list[BaseRoute]:
    hosts = ActorClient(parts.database)
    owner = BackgroundTaskSet("webhooks")
    parts.background.start(report_for_ever(DoorFigures(answers)))

    def poke(thread_id: UUID, tenant_id: UUID) -> None:
        hosts.poke([kinds.conversation_address(thread_id)], tenant_id)

    def connected(tenant_id: UUID) -> None:
        owner.try_start(
            lambda: hosts.tell(kinds.tenant_address(tenant_id), ChannelConnectedNotice()), MOST_TOLD
        )

    redis = Broadcast(parts.settings.redis_url.get_secret_value(), TURNED_AWAY)
    elsewhere = Elsewhere(redis)
    catch_up = CatchUp(parts.backfill, parts.credentials_for, poke, tell=elsewhere.tell)
    owner.start(elsewhere.hear(catch_up.elsewhere))
    guard = _flood_guard(parts)
    admission = Admission(guard)
    owner.start(admission.look_for_ever())
    teller = Teller(parts.database, f"door.{secrets.token_hex(4)}")
    owner.start(_tell_held_back(guard, admission, teller))
    door = Door(
        parts.directory, parts.vault, parts.inbox, poke, connected, answers.ignored, catch_up,
        admission,
    )  # fmt: skip
    return [*build(door)]


def _flood_guard(parts: Components) -> FloodGuard:
    per_s = parts.settings.max_webhooks_per_s
    burst = per_s * FLOOD_BURST_S
    buckets = Buckets(parts.settings.redis_url.get_secret_value(), per_s=per_s, burst=burst)
    return FloodGuard(buckets.take, per_s=per_s, burst=burst)


async def _tell_held_back(guard: FloodGuard, admission: Admission, teller: Teller) -> None:
    """Whom this door turns away or slows down, every few seconds, for ever."""
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        try:
            await teller.tell([*guard.held_back(), *admission.held_back()])
        except NiochatError as error:
            _log.warning("held_back_not_told", code=error.code)
        except Exception as error:  # noqa: BLE001 - the loop must outlive any error
            _log.error("held_back_not_told", exc_info=error)


def _webhooks() -> Starlette:
    answers = Answers()
    return application(
        lambda parts: _webhook_routes(parts, answers),
        Middleware(CountAnswers, answers),
        bound=lambda path: None,  # read once the secret in its address is known
    )


class WebhooksReplica:
    """The gateway's door."""


webhooks = serve.deployment(
    name="Webhooks",
    num_replicas=min_replicas(),
    max_ongoing_requests=500,
    max_queued_requests=100,  # the door refuses before that, and says when to come again
    max_surge_percent=100,  # the new replica answers before the old one leaves
    health_check_period_s=10,
    ray_actor_options=ray_actor_options(NodeRole.INGRESS, 0.2),
)(serve.ingress(_webhooks)(WebhooksReplica)).bind()
