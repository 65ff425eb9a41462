"""One host's part of what the cluster shares, and who is held back on it."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import ActivationLimiter
from niochat.actors.tenant_actor import TenantState
from niochat.actors.turn_grants import TurnGrantClient
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.domain.ids import SHARDS
from niochat.domain.tenant.throttling import TenantThrottle, ThrottleReason
from niochat.outbox.dispatcher import OutboxDispatcher
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.fairness.fair_limiter import LaneConstraint, LaneQuota
from niochat.runtime.fairness.fair_queue import Lane
from niochat.tenants.quota_cache import TenantQuotaCache


class TenantQuotas:
    """A tenant's threads lie evenly over the shards: a host that owns half of them may use half
    of a cap. So nobody has to be asked, and the parts add up to the whole.
    """

    def __init__(self, quotas: TenantQuotaCache, owned_shards: Callable[[], int]) -> None:
        self._quotas = quotas
        self._owned_shards = owned_shards

    async def refresh(self) -> None:
        """Read plans and caps again. Raises ``UnavailableError``."""
        await self._quotas.refresh()

    def host_share(self, whole: int) -> int:
        """This host's part of something, at least one."""
        return max(math.ceil(whole * self._owned_shards() / SHARDS), 1)

    def turn_quota(self, tenant_id: UUID) -> LaneQuota:
        """Weight and places among turns."""
        share = self._quotas.quota_for(tenant_id)
        return LaneQuota(share.weight, self.host_share(share.turns_at_once))

    def step_weight(self, tenant_id: Lane) -> float:
        """Among what is ready for a step."""
        return self._quotas.quota_for(tenant_id).weight

    def send_weight(self, tenant_id: Lane) -> float:
        """Of each of a tenant's channels among sends."""
        share = self._quotas.quota_for(tenant_id)
        return share.weight / share.channels


def find_throttled_tenants(
    turn_scheduler: TurnScheduler,
    activation_limiter: ActivationLimiter,
    turn_grants: TurnGrantClient,
    dispatcher: OutboxDispatcher,
    actors: ActorRuntime,
) -> list[TenantThrottle]:
    """Tenants that wait on this host because of limits of their own."""
    found = [
        *_throttled_turns(turn_scheduler, activation_limiter, turn_grants),
        *_throttled_sends(dispatcher),
        *_throttled_erp_calls(actors),
    ]
    return sorted(_merge_by_reason(found), key=lambda held: held.since)


def _throttled_turns(
    turns: TurnScheduler, entrance: ActivationLimiter, leases: TurnGrantClient
) -> Iterator[TenantThrottle]:
    outside = entrance.waiting_by_tenant()
    for each in turns.constrained_lanes():
        if each.lane is not None:
            reason = _throttle_reason(each, turns, leases)
            waiting = each.waiting + outside.get(each.lane, 0)
            yield TenantThrottle(each.lane, reason, _to_datetime(each.since), waiting)


def _throttle_reason(
    constraint: LaneConstraint, turns: TurnScheduler, leases: TurnGrantClient
) -> ThrottleReason:
    assert constraint.lane is not None
    if constraint.is_blocked and leases.is_throttled(constraint.lane):
        return ThrottleReason.MODEL_THROTTLED
    return ThrottleReason.BUSY if turns.is_rate_limited(constraint.lane) else ThrottleReason.TURNS


def _throttled_sends(courier: OutboxDispatcher) -> Iterator[TenantThrottle]:
    for tenant_id, each in courier.throttled_channels():
        yield TenantThrottle(
            tenant_id, ThrottleReason.GATEWAY, _to_datetime(each.since), each.waiting
        )


def _throttled_erp_calls(actors: ActorRuntime) -> Iterator[TenantThrottle]:
    now = time.monotonic()
    for address, state in actors.states(actor_addresses.TENANT):
        assert isinstance(state, TenantState)
        since = state.erp_permits.waited_since(now)
        if since is not None:
            yield TenantThrottle(
                address.key, ThrottleReason.ERP, _to_datetime(since), state.erp_permits.waiting
            )


def _merge_by_reason(found: Iterable[TenantThrottle]) -> list[TenantThrottle]:
    """One of each tenant and reason: channels of one tenant are added up."""
    by_reason: dict[tuple[UUID, ThrottleReason], TenantThrottle] = {}
    for held in found:
        known = by_reason.get((held.tenant_id, held.reason), held)
        waiting = held.waiting + (known.waiting if known is not held else 0)
        since = min(held.since, known.since)
        together = TenantThrottle(held.tenant_id, held.reason, since, waiting)
        by_reason[held.tenant_id, held.reason] = together
    return list(by_reason.values())


def _to_datetime(monotonic: float) -> datetime:
    return datetime.fromtimestamp(time.time() - (time.monotonic() - monotonic), UTC)
