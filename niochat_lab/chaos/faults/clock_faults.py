"""A clock that steps by an hour, forth and back, where our processes read it."""

import asyncio

from niochat_lab.chaos.fault_definition import InjectedFault
from niochat_lab.chaos.running_stack import HOST_PROCESS_TITLE, RunningStack

STEP_S = 3600
RESTORE_AFTER_S = 8.0


async def step_clock(arena: RunningStack) -> InjectedFault:
    """One host's, or that of everybody but PostgreSQL."""
    host = await arena.wait_for_process(HOST_PROCESS_TITLE)
    pid, target = arena.rng.choice([(host.pid, f"host ({host.pid})"), (0, "all processes")])
    arena.clock_file.write_text(f"{pid} {STEP_S}\n")

    async def heal() -> str:
        arena.clock_file.write_text(f"{pid} {-STEP_S}\n")
        await asyncio.sleep(RESTORE_AFTER_S)  # as long behind as it was ahead
        arena.clock_file.unlink()
        return "an hour ahead, then an hour behind"

    return InjectedFault(target, heal)
