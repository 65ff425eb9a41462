"""A clock that steps by an hour, forth and back, where our processes read it."""

import asyncio

from niochat.cli.chaos.arena import HOST, Arena
from niochat.cli.chaos.fault import Injury

HOUR_S = 3600
BACK_S = 8.0


async def step_the_clock(arena: Arena) -> Injury:
    """One host's, or that of everybody but PostgreSQL."""
    host = await arena.one(HOST)
    pid, target = arena.chance.choice([(host.pid, f"host ({host.pid})"), (0, "all processes")])
    arena.clock_file.write_text(f"{pid} {HOUR_S}\n")

    async def heal() -> str:
        arena.clock_file.write_text(f"{pid} {-HOUR_S}\n")
        await asyncio.sleep(BACK_S)  # as long behind as it was ahead
        arena.clock_file.unlink()
        return "an hour ahead, then an hour behind"

    return Injury(target, heal)
