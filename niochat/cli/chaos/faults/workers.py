"""Processes of Ray that die or stand still."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import psutil

from niochat.adapters.postgres.queries import queries
from niochat.cli.chaos.arena import HOST, Arena, command_of, until
from niochat.cli.chaos.fault import Injury, nothing_more

_SQL = queries("chaos")
MOVED_WITHIN_S = 30.0
ENDED_WITHIN_S = 60.0
THOUGHT_S = 2.5
AWAKE_S = 3.0
"""How long a paused host lives on after it woke up: Ray, paused with it, ends it then."""


def kill(title: str) -> Callable[[Arena], Awaitable[Injury]]:
    """SIGKILL for one process with that title."""

    async def inject(arena: Arena) -> Injury:
        victim = await arena.one(title)
        victim.kill()
        return Injury(f"{title} ({victim.pid})", nothing_more)

    return inject


def kill_ray(title: str) -> Callable[[Arena], Awaitable[Injury]]:
    """SIGKILL for a part without which the launcher starts all of Ray again.

    It ends when the hosts have: until then they answer, and that is no recovery.
    """

    async def inject(arena: Arena) -> Injury:
        victim, hosts = await arena.one(title), arena.named(HOST)
        victim.kill()

        async def ended() -> bool:
            return not any(command_of(host).startswith(HOST) for host in hosts)

        async def heal() -> str:
            gone = await until(ended, ENDED_WITHIN_S)
            when = "never" if gone is None else f"{gone:g} s"
            return f"its hosts ended after {when}, all of Ray was started again"

        return Injury(f"{title} ({victim.pid})", heal)

    return inject


async def pause_a_host(arena: Arena) -> Injury:
    """Stopped in the middle of its work until another host owns its shards; then it wakes up.

    Ray's own process is stopped as well, for it would end the host before it can wake up: as
    behind a network that is cut, the host comes back and believes that it is still the owner.
    """
    host, raylet = await arena.one(HOST), await arena.one("raylet/raylet")
    slow = {"target": "model", "kind": "delay", "seconds": THOUGHT_S}
    await arena.client.call_control("PUT", "/sandbox/faults", [slow])
    await asyncio.sleep(THOUGHT_S)  # answers are on their way, and will find it awake
    before = await _shards(arena, host)
    for process in (raylet, host):
        process.send_signal(signal.SIGSTOP)

    async def lost_all() -> bool:
        return await _shards(arena, host) == 0

    async def heal() -> str:
        moved = await until(lost_all, MOVED_WITHIN_S)
        host.send_signal(signal.SIGCONT)
        await asyncio.sleep(AWAKE_S)  # awake with what it believes: every write must be refused
        refused = arena.logged(host, "step_refused")
        raylet.send_signal(signal.SIGCONT)
        await arena.client.call_control("DELETE", "/sandbox/faults")
        when = "never" if moved is None else f"within {moved:g} s"
        return f"{before} shards moved {when}; awake, {refused} of its steps were refused"

    return Injury(f"host ({host.pid})", heal)


async def _shards(arena: Arena, host: psutil.Process) -> int:
    async with arena.database.as_system() as connection:
        return int(await connection.fetchval(_SQL["shards_of"], host.pid))
