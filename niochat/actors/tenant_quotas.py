"""A host's share of the tenants' quotas, and the tenants that are throttled on it."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import ActivationLimiter
from niochat.actors.tenant_actor import TenantActorState
from niochat.actors.turn_grants import TurnGrantClient
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.domain.ids import SHARDS
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.outbox.dispatcher import OutboxDispatcher
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.fairness.fair_limiter import LaneConstraint, LaneQuota
from niochat.runtime.fairness.fair_queue import Lane
from niochat.tenants.quota_cache import TenantQuotaCache


class HostTenantQuotas:
    """Computes a host's share of each quota. A tenant's threads are spread evenly over the shards,
    so a host that owns half of the shards may use half of a quota. The shares add up to the whole
    without coordination.
    """

    def __init__(self, quotas: TenantQuotaCache, owned_shards: Callable[[], int]) -> None:
        self._quotas = quotas
        self._owned_shards = owned_shards

    async def refresh(self) -> None:
        """Reads the quotas again. Raises ``UnavailableError``."""
        await self._quotas.refresh()

    def host_share(self, whole: int) -> int:
        """Returns this host's share of a limit, at least 1."""
        return max(math.ceil(whole * self._owned_shards() / SHARDS), 1)

    def turn_quota(self, tenant_id: UUID) -> LaneQuota:
        """Returns the tenant's weight and its limit of concurrent turns on this host."""
        quota = self._quotas.quota_for(tenant_id)
        return LaneQuota(quota.weight, self.host_share(quota.turns_at_once))

    def step_weight(self, tenant_id: Lane) -> float:
        """Returns the tenant's weight among actors that are ready for a step."""
        return self._quotas.quota_for(tenant_id).weight

    def send_weight(self, tenant_id: Lane) -> float:
        """Returns the weight of each of the tenant's channels among sends."""
        quota = self._quotas.quota_for(tenant_id)
        return quota.weight / quota.channels


def find_throttled_tenants(
    turn_scheduler: TurnScheduler,
    activation_limiter: ActivationLimiter,
    turn_grants: TurnGrantClient,
    dispatcher: OutboxDispatcher,
    actors: ActorRuntime,
) -> list[TenantThrottleStatus]:
    """Returns the tenants that wait on this host because of their own limits, longest first."""
    throttles = [
        *_throttled_turns(turn_scheduler, activation_limiter, turn_grants),
        *_throttled_sends(dispatcher),
        *_throttled_erp_calls(actors),
    ]
    return sorted(_merge_by_reason(throttles), key=lambda throttle: throttle.since)


def _throttled_turns(
    turns: TurnScheduler, activation_limiter: ActivationLimiter, grants: TurnGrantClient
) -> Iterator[TenantThrottleStatus]:
    not_activated = activation_limiter.waiting_by_tenant()
    for each in turns.constrained_lanes():
        if each.lane is not None:
            reason = _throttle_reason(each, turns, grants)
            waiting = each.waiting + not_activated.get(each.lane, 0)
            yield TenantThrottleStatus(each.lane, reason, _to_datetime(each.since), waiting)


def _throttle_reason(
    constraint: LaneConstraint, turns: TurnScheduler, grants: TurnGrantClient
) -> ThrottleReason:
    assert constraint.lane is not None
    if constraint.is_blocked and grants.is_throttled(constraint.lane):
        return ThrottleReason.MODEL_THROTTLED
    return ThrottleReason.BUSY if turns.is_rate_limited(constraint.lane) else ThrottleReason.TURNS


def _throttled_sends(dispatcher: OutboxDispatcher) -> Iterator[TenantThrottleStatus]:
    for tenant_id, each in dispatcher.throttled_channels():
        yield TenantThrottleStatus(
            tenant_id, ThrottleReason.GATEWAY, _to_datetime(each.since), each.waiting
        )


def _throttled_erp_calls(actors: ActorRuntime) -> Iterator[TenantThrottleStatus]:
    now = time.monotonic()
    for address, state in actors.states(actor_addresses.TENANT):
        assert isinstance(state, TenantActorState)
        since = state.erp_permits.waited_since(now)
        if since is not None:
            yield TenantThrottleStatus(
                address.key, ThrottleReason.ERP, _to_datetime(since), state.erp_permits.waiting
            )


def _merge_by_reason(throttles: Iterable[TenantThrottleStatus]) -> list[TenantThrottleStatus]:
    """Merges the throttles of each tenant and reason, such as those of several channels."""
    by_reason: dict[tuple[UUID, ThrottleReason], TenantThrottleStatus] = {}
    for throttle in throttles:
        earlier = by_reason.get((throttle.tenant_id, throttle.reason), throttle)
        waiting = throttle.waiting + (earlier.waiting if earlier is not throttle else 0)
        since = min(throttle.since, earlier.since)
        merged = TenantThrottleStatus(throttle.tenant_id, throttle.reason, since, waiting)
        by_reason[throttle.tenant_id, throttle.reason] = merged
    return list(by_reason.values())


def _to_datetime(monotonic: float) -> datetime:
    return datetime.fromtimestamp(time.time() - (time.monotonic() - monotonic), UTC)
