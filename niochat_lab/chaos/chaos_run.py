"""The course of a run: traffic, one fault after another, the last answers, the audit."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from niochat.adapters.postgres.database import Database
from niochat.cli.commands.demo_commands import DEMO_ERP_INSTALLATION
from niochat.cli.customer_simulation import CustomerSimulation
from niochat.cli.sandbox_client import SandboxClient
from niochat_lab.chaos.audit_records import load_stored_records
from niochat_lab.chaos.chaos_results import FaultResult
from niochat_lab.chaos.chaos_traffic import (
    PROBE_COUNT,
    RecoveryProbes,
    SubscriberRequest,
    list_subscriber_requests,
    send_request,
)
from niochat_lab.chaos.ephemeral_stack import EphemeralStack
from niochat_lab.chaos.fault_schedule import ScheduledFault
from niochat_lab.chaos.message_audit import MessageAudit, PhoneRecords, audit_messages
from niochat_lab.chaos.running_stack import RunningStack

CUSTOMERS, THINK_TIME_S = 24, 3.0
TRAFFIC_S = 3600.0
"""Longer than any run: the traffic ends with the last fault."""
RECOVERY_TIMEOUT_S, SETTLE_TIMEOUT_S = 180.0, 120.0
DUPLICATE_WAIT_S = 2.0
"""A second answer to the same message would come within it."""

ChaosProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChaosRun:
    """All that writes to one stack, and the order in which its parts break."""

    stack: RunningStack
    simulation: CustomerSimulation
    probes: RecoveryProbes
    requests: Sequence[SubscriberRequest]
    progress: ChaosProgress

    async def run(self, strikes: Sequence[ScheduledFault], at_least_s: float) -> list[FaultResult]:
        """Traffic for as long as the faults take, and ``at_least_s`` seconds."""
        began = time.monotonic()
        traffic = asyncio.create_task(self.simulation.run(TRAFFIC_S))
        try:
            await self.probes.measure_recovery_s(
                RECOVERY_TIMEOUT_S
            )  # all is well before anything breaks
            async with asyncio.TaskGroup() as asking:
                struck = [
                    await self._run_fault(strike, began, self._request_sender(number, asking))
                    for number, strike in enumerate(strikes)
                ]
            left = at_least_s - (time.monotonic() - began)
            await asyncio.wait([traffic], timeout=max(left, 0.0))
            return struck
        finally:
            if not traffic.cancel():
                traffic.result()  # it ended by itself: without customers nothing was tried
            await asyncio.wait([traffic])

    async def audit(self) -> MessageAudit:
        """Wait until all is settled, or for so long, and compare."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        self.progress("Waiting for the last answers.")
        while not (found := await self._audit_now()).clean and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
        await asyncio.sleep(DUPLICATE_WAIT_S)
        return await self._audit_now() if found.clean else found

    def _request_sender(self, number: int, asking: asyncio.TaskGroup) -> Callable[[], None]:
        """Two subscribers begin to want something; a fault comes while it is done."""

        def begin() -> None:
            for wish in self.requests[2 * number : 2 * number + 2]:
                asking.create_task(send_request(self.stack.client, wish))

        return begin

    async def _run_fault(
        self, strike: ScheduledFault, began: float, ask: Callable[[], None]
    ) -> FaultResult:
        fault = strike.fault
        await asyncio.sleep(strike.delay_s)
        ask()
        await asyncio.sleep(strike.delay_s)  # the subscribers are in the middle of it
        self.progress(f"{fault.name}: {fault.invariant}.")
        at = time.monotonic()
        injury = await fault.inject(self.stack)
        await asyncio.sleep(fault.short_duration_s if self.stack.is_short else fault.duration_s)
        seen = await injury.heal()
        healed = time.monotonic()
        recovery = await self.probes.measure_recovery_s(RECOVERY_TIMEOUT_S)
        self.progress(f"{fault.name}: {injury.target}, {seen}; answers after {recovery} s.")
        return FaultResult(
            fault.name,
            round(at - began, 1),
            injury.target,
            round(healed - at, 1),
            recovery,
            seen,
            fault.invariant,
        )

    async def _audit_now(self) -> MessageAudit:
        ledger = await self.stack.client.load_ledger()
        deeds = await self.stack.client.call_control(
            "GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/ledger"
        )
        records = await load_stored_records(self.stack.database)
        return audit_messages(
            PhoneRecords(ledger["sent"], ledger["received"], deeds["items"]), records
        )


@asynccontextmanager
async def open_chaos_run(
    stack: EphemeralStack, seed: int, *, short: bool, progress: ChaosProgress
) -> AsyncIterator[ChaosRun]:
    """A course on a running stack; its connections end with it, its faults too."""
    told = stack.environment
    client = SandboxClient(told["NIOCHAT_SANDBOX_URL"], told["NIOCHAT_SANDBOX_TOKEN"])
    database = await Database.open(told["DATABASE_URL"], size=2)
    arena = RunningStack(
        stack.home,
        told,
        client,
        database,
        random.Random(seed),
        stack.clock_file,
        stack.launcher_pid,
        short,
    )
    phones = [f"5581940{seed % 1000:03d}{number:03d}" for number in range(PROBE_COUNT)]
    try:
        simulation = CustomerSimulation(client, CUSTOMERS, seed, think_s=THINK_TIME_S)
        yield ChaosRun(
            arena,
            simulation,
            RecoveryProbes(client, phones),
            await list_subscriber_requests(client),
            progress,
        )
    finally:
        database.terminate()
        await client.close()
