"""One chaos run: traffic, one fault after another, the last replies, the audit."""

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
from niochat_lab.chaos.audits.audit_records import load_stored_records
from niochat_lab.chaos.audits.message_audit import (
    MessageAudit,
    PhoneRecords,
    add_wrong,
    audit_messages,
)
from niochat_lab.chaos.audits.mirror_audit import find_wrong_mirrors
from niochat_lab.chaos.audits.projection_audit import find_wrong_projections
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
from niochat_lab.chaos.running_stack import RunningStack

CUSTOMERS, THINK_TIME_S = 24, 3.0
TRAFFIC_S = 3600.0
"""Longer than any run: the traffic ends after the last fault."""
RECOVERY_TIMEOUT_S, SETTLE_TIMEOUT_S = 180.0, 120.0
DUPLICATE_WAIT_S = 2.0
"""Seconds within which a second reply to the same message would arrive."""

ChaosProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChaosRun:
    """The traffic on one stack, and the faults that are injected into it."""

    stack: RunningStack
    simulation: CustomerSimulation
    probes: RecoveryProbes
    requests: Sequence[SubscriberRequest]
    progress: ChaosProgress

    async def run(
        self, scheduled: Sequence[ScheduledFault], at_least_s: float
    ) -> list[FaultResult]:
        """Run traffic until all faults are done, and for at least ``at_least_s`` seconds."""
        started_at = time.monotonic()
        traffic = asyncio.create_task(self.simulation.run(TRAFFIC_S))
        try:
            await self.probes.measure_recovery_s(
                RECOVERY_TIMEOUT_S
            )  # the stack must work before anything breaks
            async with asyncio.TaskGroup() as request_tasks:
                results = [
                    await self._run_fault(
                        scheduled_fault, started_at, self._request_sender(number, request_tasks)
                    )
                    for number, scheduled_fault in enumerate(scheduled)
                ]
            left = at_least_s - (time.monotonic() - started_at)
            await asyncio.wait([traffic], timeout=max(left, 0.0))
            return results
        finally:
            if not traffic.cancel():
                # the traffic ended by itself: without customers nothing was tested
                traffic.result()
            await asyncio.wait([traffic])

    async def audit(self) -> MessageAudit:
        """Wait until the audit is clean, at most ``SETTLE_TIMEOUT_S``, and return it."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        self.progress("Waiting for the last replies.")
        while not (found := await self._audit_now()).clean and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
        await asyncio.sleep(DUPLICATE_WAIT_S)
        if not found.clean:
            return found
        self.progress("Building the read model anew beside the live one.")
        wrong = await find_wrong_projections(self.stack.database)
        self.progress("Comparing mirrors.")
        wrong += await find_wrong_mirrors(self.stack)
        return add_wrong(await self._audit_now(), wrong)

    def _request_sender(self, number: int, request_tasks: asyncio.TaskGroup) -> Callable[[], None]:
        """Let two subscribers start a request, so that the fault occurs while it is served."""

        def begin() -> None:
            for subscriber_request in self.requests[2 * number : 2 * number + 2]:
                request_tasks.create_task(send_request(self.stack.client, subscriber_request))

        return begin

    async def _run_fault(
        self, scheduled_fault: ScheduledFault, started_at: float, send_requests: Callable[[], None]
    ) -> FaultResult:
        fault = scheduled_fault.fault
        await asyncio.sleep(scheduled_fault.delay_s)
        send_requests()
        await asyncio.sleep(
            scheduled_fault.delay_s
        )  # the subscribers are in the middle of their dialogues
        self.progress(f"{fault.name}: {fault.invariant}.")
        at = time.monotonic()
        injected = await fault.inject(self.stack)
        await asyncio.sleep(fault.short_duration_s if self.stack.is_short else fault.duration_s)
        seen = await injected.heal()
        healed = time.monotonic()
        recovery = await self.probes.measure_recovery_s(RECOVERY_TIMEOUT_S)
        self.progress(f"{fault.name}: {injected.target}, {seen}; answers after {recovery} s.")
        return FaultResult(
            fault.name,
            round(at - started_at, 1),
            injected.target,
            round(healed - at, 1),
            recovery,
            seen,
            fault.invariant,
        )

    async def _audit_now(self) -> MessageAudit:
        ledger = await self.stack.client.load_ledger()
        erp_ledger = await self.stack.client.call_control(
            "GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/ledger"
        )
        records = await load_stored_records(self.stack.database)
        return audit_messages(
            PhoneRecords(ledger["sent"], ledger["received"], erp_ledger["items"]), records
        )


@asynccontextmanager
async def open_chaos_run(
    stack: EphemeralStack, seed: int, *, short: bool, progress: ChaosProgress
) -> AsyncIterator[ChaosRun]:
    """Open a run on a running stack; its connections end with the block."""
    environment = stack.environment
    client = SandboxClient(environment["NIOCHAT_SANDBOX_URL"], environment["NIOCHAT_SANDBOX_TOKEN"])
    database = await Database.open(environment["DATABASE_URL"], size=2)
    running_stack = RunningStack(
        stack.home,
        environment,
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
            running_stack,
            simulation,
            RecoveryProbes(client, phones),
            await list_subscriber_requests(client),
            progress,
        )
    finally:
        database.terminate()
        await client.close()
