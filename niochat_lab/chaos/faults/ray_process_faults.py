"""Faults that kill or pause processes of Ray."""

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
"""Seconds for which a resumed host continues before Ray, which was paused too, ends it."""


def kill_process(title: str) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """Kill one process with this title (SIGKILL)."""

    async def inject(stack: RunningStack) -> InjectedFault:
        process = await stack.wait_for_process(title)
        process.kill()
        return InjectedFault(f"{title} ({process.pid})", heal_nothing)

    return inject


def kill_ray_process(title: str) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """Kill a part whose death makes the launcher restart all of Ray (SIGKILL).

    The fault lasts until the old hosts have ended, because their replies do not count as recovery.
    """

    async def inject(stack: RunningStack) -> InjectedFault:
        process, hosts = (
            await stack.wait_for_process(title),
            stack.processes_titled(HOST_PROCESS_TITLE),
        )
        process.kill()

        async def ended() -> bool:
            return not any(command_line(host).startswith(HOST_PROCESS_TITLE) for host in hosts)

        async def heal() -> str:
            exit_s = await measure_wait_s(ended, EXIT_TIMEOUT_S)
            when = "never" if exit_s is None else f"{exit_s:g} s"
            return f"its hosts ended after {when}, all of Ray was started again"

        return InjectedFault(f"{title} ({process.pid})", heal)

    return inject


async def pause_host(stack: RunningStack) -> InjectedFault:
    """Pause a host in the middle of its work until another one owns its shards; then resume it.

    The raylet is paused too, because it would end the host before the host resumes. As after a
    network partition, the host returns and believes that it still owns its shards.
    """
    host, raylet = (
        await stack.wait_for_process(HOST_PROCESS_TITLE),
        await stack.wait_for_process("raylet/raylet"),
    )
    delay_fault = {"target": "model", "kind": "delay", "seconds": THOUGHT_S}
    await stack.client.call_control("PUT", "/sandbox/faults", [delay_fault])
    await asyncio.sleep(THOUGHT_S)  # so that model responses arrive after the host has resumed
    before = await _count_shards(stack, host)
    for process in (raylet, host):
        process.send_signal(signal.SIGSTOP)

    async def lost_all() -> bool:
        return await _count_shards(stack, host) == 0

    async def heal() -> str:
        move_s = await measure_wait_s(lost_all, SHARD_MOVE_TIMEOUT_S)
        host.send_signal(signal.SIGCONT)
        # the host acts on outdated ownership: every write must be rejected
        await asyncio.sleep(RESUMED_S)
        refused_steps = stack.count_log_events(host, "step_refused")
        raylet.send_signal(signal.SIGCONT)
        await stack.client.call_control("DELETE", "/sandbox/faults")
        when = "never" if move_s is None else f"within {move_s:g} s"
        return f"{before} shards moved {when}; awake, {refused_steps} of its steps were refused"

    return InjectedFault(f"host ({host.pid})", heal)


async def _count_shards(stack: RunningStack, host: psutil.Process) -> int:
    async with stack.database.as_system() as connection:
        return int(await connection.fetchval(_SQL["count_host_shards"], host.pid))
