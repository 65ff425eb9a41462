"""The course of a run: traffic, one fault after another, the last answers, the audit."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from niochat.adapters.postgres.database import Database
from niochat.cli.chaos.arena import Arena
from niochat.cli.chaos.audit import Audit, Phones, audit
from niochat.cli.chaos.records import read_records
from niochat.cli.chaos.results import Struck
from niochat.cli.chaos.schedule import Strike
from niochat.cli.chaos.throwaway import Throwaway
from niochat.cli.chaos.traffic import PROBES, Probes, Wish, ask_for, wishes
from niochat.cli.providers import DEMO_ERP_INSTALLATION
from niochat.cli.sandbox_client import SandboxClient
from niochat.cli.simulation import CustomerSimulation

CUSTOMERS, THINK_S = 24, 3.0
TRAFFIC_S = 3600.0
"""Longer than any run: the traffic ends with the last fault."""
RECOVERY_S, SETTLE_S = 180.0, 120.0
AGAIN_S = 2.0
"""A second answer to the same message would come within it."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """All that writes to one stack, and the order in which its parts break."""

    arena: Arena
    simulation: CustomerSimulation
    probes: Probes
    wishes: Sequence[Wish]
    progress: Progress

    async def run(self, strikes: Sequence[Strike], at_least_s: float) -> list[Struck]:
        """Traffic for as long as the faults take, and ``at_least_s`` seconds."""
        began = time.monotonic()
        traffic = asyncio.create_task(self.simulation.run(TRAFFIC_S))
        try:
            await self.probes.recovery_s(RECOVERY_S)  # all is well before anything breaks
            async with asyncio.TaskGroup() as asking:
                struck = [
                    await self._strike(strike, began, self._ask(number, asking))
                    for number, strike in enumerate(strikes)
                ]
            left = at_least_s - (time.monotonic() - began)
            await asyncio.wait([traffic], timeout=max(left, 0.0))
            return struck
        finally:
            if not traffic.cancel():
                traffic.result()  # it ended by itself: without customers nothing was tried
            await asyncio.wait([traffic])

    async def audit(self) -> Audit:
        """Wait until all is settled, or for so long, and compare."""
        deadline = time.monotonic() + SETTLE_S
        self.progress("Waiting for the last answers.")
        while not (found := await self._look()).clean and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
        await asyncio.sleep(AGAIN_S)
        return await self._look() if found.clean else found

    def _ask(self, number: int, asking: asyncio.TaskGroup) -> Callable[[], None]:
        """Two subscribers begin to want something; a fault comes while it is done."""

        def begin() -> None:
            for wish in self.wishes[2 * number : 2 * number + 2]:
                asking.create_task(ask_for(self.arena.client, wish))

        return begin

    async def _strike(self, strike: Strike, began: float, ask: Callable[[], None]) -> Struck:
        fault = strike.fault
        await asyncio.sleep(strike.after_s)
        ask()
        await asyncio.sleep(strike.after_s)  # the subscribers are in the middle of it
        self.progress(f"{fault.name}: {fault.holds}.")
        at = time.monotonic()
        injury = await fault.inject(self.arena)
        await asyncio.sleep(fault.short_s if self.arena.short else fault.lasts_s)
        seen = await injury.heal()
        healed = time.monotonic()
        recovery = await self.probes.recovery_s(RECOVERY_S)
        self.progress(f"{fault.name}: {injury.target}, {seen}; answers after {recovery} s.")
        return Struck(
            fault.name, round(at - began, 1), injury.target, round(healed - at, 1), recovery,
            seen, fault.holds,
        )  # fmt: skip

    async def _look(self) -> Audit:
        ledger = await self.arena.client.load_ledger()
        deeds = await self.arena.client.call_control(
            "GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/ledger"
        )
        records = await read_records(self.arena.database)
        return audit(Phones(ledger["sent"], ledger["received"], deeds["items"]), records)


@asynccontextmanager
async def course(
    stack: Throwaway, seed: int, *, short: bool, progress: Progress
) -> AsyncIterator[Course]:
    """A course on a running stack; its connections end with it, its faults too."""
    told = stack.told
    client = SandboxClient(told["NIOCHAT_SANDBOX_URL"], told["NIOCHAT_SANDBOX_TOKEN"])
    database = await Database.open(told["DATABASE_URL"], size=2)
    arena = Arena(
        stack.home,
        told,
        client,
        database,
        random.Random(seed),
        stack.clock_file,
        stack.launcher,
        short,
    )
    phones = [f"5581940{seed % 1000:03d}{number:03d}" for number in range(PROBES)]
    try:
        simulation = CustomerSimulation(client, CUSTOMERS, seed, think_s=THINK_S)
        yield Course(arena, simulation, Probes(client, phones), await wishes(client), progress)
    finally:
        database.terminate()
        await client.close()
