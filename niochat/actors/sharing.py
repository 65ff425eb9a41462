"""One host's part of what the cluster shares, and who is held back on it."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

from niochat.accounts.shares import Shares
from niochat.actors import kinds
from niochat.actors.entrance import Entrance
from niochat.actors.leases import Leases
from niochat.actors.tenant import TenantState
from niochat.actors.turns import Turns
from niochat.domain.held_back import TenantThrottle, ThrottleReason
from niochat.domain.ids import SHARDS
from niochat.outbox.deliver import OutboxDispatcher
from niochat.runtime.fair_line import Lane
from niochat.runtime.host import VirtualHost
from niochat.runtime.slots import Constraint, Share


class HostShares:
    """A tenant's threads lie evenly over the shards: a host that owns half of them may use half
    of a cap. So nobody has to be asked, and the parts add up to the whole.
    """

    def __init__(self, shares: Shares, owned: Callable[[], int]) -> None:
        self._shares = shares
        self._owned = owned

    async def refresh(self) -> None:
        """Read plans and caps again. Raises ``UnavailableError``."""
        await self._shares.refresh()

    def part(self, whole: int) -> int:
        """This host's part of something, at least one."""
        return max(math.ceil(whole * self._owned() / SHARDS), 1)

    def of_turns(self, tenant_id: UUID) -> Share:
        """Weight and places among turns."""
        share = self._shares.of(tenant_id)
        return Share(share.weight, self.part(share.turns_at_once))

    def weight(self, tenant_id: Lane) -> float:
        """Among what is ready for a step."""
        return self._shares.of(tenant_id).weight

    def channel_weight(self, tenant_id: Lane) -> float:
        """Of each of a tenant's channels among sends."""
        share = self._shares.of(tenant_id)
        return share.weight / share.channels


def held_back(
    turns: Turns, entrance: Entrance, leases: Leases, courier: OutboxDispatcher, actors: VirtualHost
) -> list[TenantThrottle]:
    """Tenants that wait on this host because of limits of their own."""
    found = [*_turns(turns, entrance, leases), *_sends(courier), *_calls(actors)]
    return sorted(_together(found), key=lambda held: held.since)


def _turns(turns: Turns, entrance: Entrance, leases: Leases) -> Iterator[TenantThrottle]:
    outside = entrance.waiting()
    for each in turns.held_back():
        if each.lane is not None:
            reason = _why(each, turns, leases)
            waiting = each.waiting + outside.get(each.lane, 0)
            yield TenantThrottle(each.lane, reason, _moment(each.since), waiting)


def _why(constraint: Constraint, turns: Turns, leases: Leases) -> ThrottleReason:
    assert constraint.lane is not None
    if constraint.held and leases.throttled(constraint.lane):
        return ThrottleReason.MODEL_THROTTLED
    return ThrottleReason.BUSY if turns.paced(constraint.lane) else ThrottleReason.TURNS


def _sends(courier: OutboxDispatcher) -> Iterator[TenantThrottle]:
    for tenant_id, each in courier.throttled_channels():
        yield TenantThrottle(tenant_id, ThrottleReason.GATEWAY, _moment(each.since), each.waiting)


def _calls(actors: VirtualHost) -> Iterator[TenantThrottle]:
    now = time.monotonic()
    for address, state in actors.states(kinds.TENANT):
        assert isinstance(state, TenantState)
        since = state.erp.waited_since(now)
        if since is not None:
            yield TenantThrottle(address.key, ThrottleReason.ERP, _moment(since), state.erp.waiting)


def _together(found: Iterable[TenantThrottle]) -> list[TenantThrottle]:
    """One of each tenant and reason: channels of one tenant are added up."""
    by_reason: dict[tuple[UUID, ThrottleReason], TenantThrottle] = {}
    for held in found:
        known = by_reason.get((held.tenant_id, held.reason), held)
        waiting = held.waiting + (known.waiting if known is not held else 0)
        since = min(held.since, known.since)
        together = TenantThrottle(held.tenant_id, held.reason, since, waiting)
        by_reason[held.tenant_id, held.reason] = together
    return list(by_reason.values())


def _moment(monotonic: float) -> datetime:
    return datetime.fromtimestamp(time.time() - (time.monotonic() - monotonic), UTC)
