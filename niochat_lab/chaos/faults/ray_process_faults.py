"""Processes of Ray that die or stand still."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import psutil

from niochat_lab.chaos.fault_definition import InjectedFault, heal_nothing
from niochat_lab.chaos.running_stack import (
    HOST_PROCESS_TITLE,
    RunningStack,
    command_line,
    measure_wait_s,
)
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("chaos")
SHARD_MOVE_TIMEOUT_S = 30.0
EXIT_TIMEOUT_S = 60.0
THOUGHT_S = 2.5
RESUMED_S = 3.0
"""How long a paused host lives on after it woke up: Ray, paused with it, ends it then."""


def kill_process(title: str) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """SIGKILL for one process with that title."""

    async def inject(arena: RunningStack) -> InjectedFault:
        victim = await arena.wait_for_process(title)
        victim.kill()
        return InjectedFault(f"{title} ({victim.pid})", heal_nothing)

    return inject


def kill_ray_process(title: str) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """SIGKILL for a part without which the launcher starts all of Ray again.

    It ends when the hosts have: until then they answer, and that is no recovery.
    """

    async def inject(arena: RunningStack) -> InjectedFault:
        victim, hosts = (
            await arena.wait_for_process(title),
            arena.processes_titled(HOST_PROCESS_TITLE),
        )
        victim.kill()

        async def ended() -> bool:
            return not any(command_line(host).startswith(HOST_PROCESS_TITLE) for host in hosts)

        async def heal() -> str:
            gone = await measure_wait_s(ended, EXIT_TIMEOUT_S)
            when = "never" if gone is None else f"{gone:g} s"
            return f"its hosts ended after {when}, all of Ray was started again"

        return InjectedFault(f"{title} ({victim.pid})", heal)

    return inject


async def pause_host(arena: RunningStack) -> InjectedFault:
    """Stopped in the middle of its work until another host owns its shards; then it wakes up.

    Ray's own process is stopped as well, for it would end the host before it can wake up: as
    behind a network that is cut, the host comes back and believes that it is still the owner.
    """
    host, raylet = (
        await arena.wait_for_process(HOST_PROCESS_TITLE),
        await arena.wait_for_process("raylet/raylet"),
    )
    slow = {"target": "model", "kind": "delay", "seconds": THOUGHT_S}
    await arena.client.call_control("PUT", "/sandbox/faults", [slow])
    await asyncio.sleep(THOUGHT_S)  # answers are on their way, and will find it awake
    before = await _count_shards(arena, host)
    for process in (raylet, host):
        process.send_signal(signal.SIGSTOP)

    async def lost_all() -> bool:
        return await _count_shards(arena, host) == 0

    async def heal() -> str:
        moved = await measure_wait_s(lost_all, SHARD_MOVE_TIMEOUT_S)
        host.send_signal(signal.SIGCONT)
        await asyncio.sleep(RESUMED_S)  # awake with what it believes: every write must be refused
        refused = arena.count_log_events(host, "step_refused")
        raylet.send_signal(signal.SIGCONT)
        await arena.client.call_control("DELETE", "/sandbox/faults")
        when = "never" if moved is None else f"within {moved:g} s"
        return f"{before} shards moved {when}; awake, {refused} of its steps were refused"

    return InjectedFault(f"host ({host.pid})", heal)


async def _count_shards(arena: RunningStack, host: psutil.Process) -> int:
    async with arena.database.as_system() as connection:
        return int(await connection.fetchval(_SQL["count_host_shards"], host.pid))
