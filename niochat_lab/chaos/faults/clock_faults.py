"""A fault that moves the product's clock forward and back by an hour."""

import asyncio

from niochat_lab.chaos.fault_definition import InjectedFault
from niochat_lab.chaos.running_stack import HOST_PROCESS_TITLE, RunningStack

STEP_S = 3600
RESTORE_AFTER_S = 8.0


async def step_clock(stack: RunningStack) -> InjectedFault:
    """Move the clock of one host, or of all processes except PostgreSQL."""
    host = await stack.wait_for_process(HOST_PROCESS_TITLE)
    pid, target = stack.rng.choice([(host.pid, f"host ({host.pid})"), (0, "all processes")])
    stack.clock_file.write_text(f"{pid} {STEP_S}\n")

    async def heal() -> str:
        stack.clock_file.write_text(f"{pid} {-STEP_S}\n")
        await asyncio.sleep(RESTORE_AFTER_S)  # behind for as long as it was ahead
        stack.clock_file.unlink()
        return "an hour ahead, then an hour behind"

    return InjectedFault(target, heal)
