"""Keeps one pool as large as its load asks: the supervisor's other half, without any shards."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from ray.exceptions import RayError

from niochat.actors import pool_actor
from niochat.actors.pools import PoolName
from niochat.actors.roster import MISSES, PING_S, Create, Host, Roster
from niochat.runtime.scaling import Limits, Scale, rescale
from niochat.runtime.staffing import Hire, Retire, staff
from niochat.runtime.tasks import Owner

_log = structlog.get_logger(__name__)

CALLS_OF_MEMBER = 60
"""Calls in progress of a member above which there are too few: they wait for somebody else, so
many share a process, and below what it takes, so that they wait in the fair line and not there.
"""
LEAVES_WITHIN_S = 200.0
"""For the calls of a member that is replaced; as long as a turn is waited for."""


class PoolKeeper:
    """One loop, while this supervisor leads."""

    def __init__(
        self,
        pool: PoolName,
        limits: Limits,
        release: str,
        owner: Owner,
        *,
        nodes: Callable[[], Sequence[str]],
        named: str | None = None,
        create: Create = pool_actor.create,
    ) -> None:
        """``release`` is the code that runs, ``named`` what the operator calls it, if anything;
        ``nodes`` are those that may carry members now; ``create`` makes one.
        """
        self._pool = pool
        self._limits = limits
        self._release = release
        self._nodes = nodes
        self._roster = Roster(owner, named, pool, create)
        self._owner = owner
        self._scale = Scale(limits.least)
        self._left_at: dict[int, float] = {}

    async def keep_for_ever(self) -> None:
        """Until it is cancelled."""
        known = False
        while True:
            try:
                if not known:
                    await self.discover()
                    known = True
                await self.look()
            except RayError as error:
                _log.warning("pool_not_kept", pool=self._pool, error=repr(error)[:300])
            except Exception as error:  # noqa: BLE001 - keeping must outlive any error
                _log.error("pool_not_kept", pool=self._pool, exc_info=error)
            await asyncio.sleep(PING_S)

    async def discover(self) -> None:
        """Begin with the members that there are. Raises ``RayError``."""
        await self._roster.discover()

    async def look(self) -> None:
        """Ping all, replace who does not answer, and let come or go whom the load wants."""
        await self._roster.ping_all()
        for member in self._roster:
            if member.misses >= MISSES:
                self._roster.give_up(member)
        loads = [m.vitals.load for m in self._roster if m.vitals and m.lives and not m.leaving]
        now = asyncio.get_running_loop().time()
        self._scale = rescale(self._scale, loads, self._limits, now)
        self._staff()
        for member in self._roster:
            if member.leaving and self._has_left(member, now):
                self._roster.dismiss(member)

    def _staff(self) -> None:
        while True:
            seats = [member.seat() for member in self._roster]
            match staff(seats, self._scale.hosts, self._nodes(), self._release):
                case Hire(number, node):
                    self._roster.hire(number, node)
                case Retire(number, why):
                    self._roster.retire(number, why)
                    return
                case None:
                    return

    def _has_left(self, member: Host, now: float) -> bool:
        """Nothing runs there any more, and nothing new begins; or it takes too long."""
        if not member.lives:
            return True
        if member.number not in self._left_at:
            if not self._substitutes():
                return False
            self._left_at[member.number] = now
            self._owner.start(_leave(member))
            return False
        assert member.vitals is not None
        late = now - self._left_at[member.number] > LEAVES_WITHIN_S
        left = now - self._left_at[member.number] > PING_S and not member.vitals.load.depth
        if late or left:
            del self._left_at[member.number]
        return late or left

    def _substitutes(self) -> bool:
        """As many as there should be answer without those who leave."""
        staying = [each for each in self._roster if each.lives and not each.leaving]
        return len(staying) >= self._scale.hosts


async def _leave(member: Host) -> None:
    try:
        await member.handle.leave.remote()
    except RayError as error:
        _log.warning("member_not_told_to_leave", member=member.name, error=repr(error)[:200])
