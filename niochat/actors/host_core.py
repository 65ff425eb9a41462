"""One host process without Ray: its virtual actors, its sweeps, its ownership."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import structlog

from niochat.actors import kinds
from niochat.actors.conversation import ConversationBehaviour
from niochat.actors.inspection import Inspection, Order
from niochat.actors.leases import AskActor, Leases
from niochat.actors.ownership import Ownership
from niochat.actors.paused import Paused
from niochat.actors.release import release_of
from niochat.actors.team_queue import TeamQueueBehaviour, Waiting
from niochat.actors.tenant import TenantBehaviour, Throttled
from niochat.actors.turns import PATIENCE_S, TURN_PAUSE_S, Pool, Turns
from niochat.actors.vitals import Vitals
from niochat.conversation.pauses import Pauses
from niochat.conversation.step import Stepper
from niochat.conversation.work import MemoryCommand
from niochat.domain.commands import RestartTurn
from niochat.domain.effects import TellTeam
from niochat.domain.errors import NiochatError, Unavailable
from niochat.domain.ids import TurnId
from niochat.inbox.sweep import Sweeper
from niochat.outbox.claim import Outbox
from niochat.outbox.deliver import Courier
from niochat.runtime.address import Address
from niochat.runtime.host import VirtualHost
from niochat.runtime.lag import LoopLag
from niochat.runtime.scaling import Load
from niochat.runtime.tally import Tally
from niochat.runtime.tasks import Owner
from niochat.wiring.parts import Parts

_log = structlog.get_logger(__name__)

SWEEP_S = 1.0
PASSIVATE_EVERY_S = 10.0
RELEASE_WAIT_S = 5.0
"""For sends in progress before a shard moves."""

Tell = Callable[[Address, object], Coroutine[Any, Any, None]]


class HostCore:
    """Everything a host does. ``ask`` and ``tell`` reach actors of other hosts."""

    def __init__(
        self,
        name: str,
        node: str,
        parts: Parts,
        pool: Pool,
        ask: AskActor,
        tell: Tell,
        *,
        turn_pause_s: float = TURN_PAUSE_S,
    ) -> None:
        self.name = name
        self.incarnation = f"{name}.{secrets.token_hex(4)}"
        self._node = node
        self._parts = parts
        self._tell = tell
        self._ownership = Ownership(
            parts.database, self.incarnation, lambda lost: self.actors.forget(lost)
        )
        self._sweeper = Sweeper(parts.database, self.incarnation)
        self.tally = Tally()
        self._paused = Paused(Pauses(parts.database), self._resume)
        self._leases = Leases(ask)
        self._turns = Turns(pool, self._lease, self._throttle, self._command, pause_s=turn_pause_s)
        self._courier = Courier(
            Outbox(parts.database, self.incarnation), parts.gateway, parts.line_of,
            self._epoch_to_send, self._command,
        )  # fmt: skip
        self.actors = VirtualHost(
            {
                kinds.CONVERSATION: self._conversations(),
                kinds.TENANT: TenantBehaviour(
                    parts.database, parts.backfill, parts.line_of, self._poke,
                    fill_every_s=parts.settings.backfill_s,
                ),
                kinds.TEAM_QUEUE: TeamQueueBehaviour(parts.views),
            },
            idle_s=parts.settings.passivate_s,
            capacity=parts.settings.max_actors,
        )  # fmt: skip
        self._inspection = Inspection(self.actors, self._paused, self.stats)
        self._owner = Owner(name)
        self._lag = LoopLag()

    def start(self) -> None:
        """Begin to sweep; returns at once."""
        self._owner.start(self._sweep_for_ever())
        self._owner.start(self._lag.sample_for_ever())

    async def stop(self) -> None:
        """End the sweeps and wait for the steps in progress."""
        self._owner.cancel()
        await self.actors.stop()

    def poke(self, addresses: list[Address]) -> None:
        """Rows wait for these actors. Those of other hosts are swept over there."""
        for address in addresses:
            if self._ownership.epoch_of(address.key) is not None:
                self.actors.wake(address)

    async def ask(self, address: Address, payload: object) -> Any:
        """Answer of one of our actors. Raises ``Unavailable`` when it is another host's."""
        if self._ownership.epoch_of(address.key) is None:
            raise Unavailable(f"the {address.kind} is not on this host", code="host")
        return await self.actors.ask(address, payload)

    def tell(self, address: Address, payload: object) -> None:
        """A message for one of our actors; one of another host's is lost, as told ones may be."""
        if self._ownership.epoch_of(address.key) is not None:
            self.actors.deliver(address, payload)

    async def refresh(self) -> None:
        """The map changed: learn what is ours, forget what is not, look for what waits."""
        await self._paused.refresh()
        await self._ownership.refresh()
        await self._sweep()

    async def release(self, shards: set[int]) -> None:
        """Start nothing new for these shards; returns when their sends have ended, or soon."""
        self._ownership.release(shards)
        sending = self._courier.sending(shards)
        if sending:
            await asyncio.wait(sending, timeout=RELEASE_WAIT_S)
        await asyncio.sleep(0.2)  # settlements in mailboxes get their step

    async def operate(self, order: Order) -> Any:
        """What an operator asks of this host, see :mod:`niochat.actors.inspection`."""
        return await self._inspection.operate(order)

    def vitals(self) -> Vitals:
        """What the supervisor decides by."""
        load = Load(self._lag.milliseconds, self.actors.waiting)
        release = release_of(self._parts.settings.release)
        return Vitals(self.incarnation, self._node, release, load)

    def stats(self) -> dict[str, object]:
        """Figures for operators."""
        return {
            "host": self.name,
            "incarnation": self.incarnation,
            "pid": os.getpid(),
            "shards": len(self._ownership.shards),
            "actors": len(self.actors),
            "conversations": self.actors.count(kinds.CONVERSATION),
            "turns": len(self._turns),
            "sends": len(self._courier.sending(set(self._ownership.shards))),
            "mailbox_depth": self.actors.waiting,
            "lag_ms": self._lag.milliseconds,
        }

    def _conversations(self) -> ConversationBehaviour:
        return ConversationBehaviour(
            Stepper(self._parts.database, self.incarnation),
            self._ownership,
            self._turns,
            self._courier,
            lambda address: self.actors.wake(address),
            self._tell_team,
            self._paused,
            self.tally,
        )

    def _command(self, thread_id: UUID, command: MemoryCommand) -> None:
        """What came too late for a thread of another host is found over there, by its row."""
        if self._ownership.epoch_held(thread_id) is not None:
            self.actors.deliver(kinds.conversation(thread_id), command)

    def _epoch_to_send(self, thread_id: UUID) -> int | None:
        """Nothing starts to leave for a paused conversation."""
        return None if self._paused.holds(thread_id) else self._ownership.epoch_of(thread_id)

    def _resume(self, thread_id: UUID, kept: Sequence[MemoryCommand]) -> None:
        """Also where the shard has moved away meanwhile: then nothing happens here."""
        for command in kept:
            self._command(thread_id, command)
        self.poke([kinds.conversation(thread_id)])
        self._courier.deliver(thread_id)

    async def _lease(self, tenant_id: UUID) -> float:
        wait_s = await self._leases.take(tenant_id)
        if wait_s > 0:
            self.tally.add("turn_waits")
            self.tally.add_seconds("turn_wait_seconds", wait_s)
        return wait_s

    def _poke(self, threads: set[UUID]) -> None:
        self.poke([kinds.conversation(thread) for thread in threads])

    def _throttle(self, tenant_id: UUID, seconds: float) -> None:
        self._leases.drop(tenant_id)
        self._owner.start(self._tell(kinds.tenant(tenant_id), Throttled(seconds)))

    def _tell_team(self, tenant_id: UUID, told: TellTeam, thread_id: UUID) -> None:
        waiting = Waiting(tenant_id, told.team, thread_id, told.waiting)
        self._owner.start(self._tell(kinds.team_queue(tenant_id, told.team), waiting))

    async def _sweep_for_ever(self) -> None:
        passivate_at = time.monotonic() + PASSIVATE_EVERY_S
        wake_tenants_at = 0.0
        while True:
            try:
                await self._ownership.announce(self.name, self._node, os.getpid())
                await self.refresh()
                if time.monotonic() >= wake_tenants_at:
                    wake_tenants_at = time.monotonic() + self._parts.settings.backfill_s / 2
                    await self._wake_tenants()
            except NiochatError as error:
                _log.warning("sweep_put_off", host=self.name, code=error.code)
            except Exception as error:  # noqa: BLE001 - the sweep must outlive any error
                _log.error("sweep_failed", host=self.name, exc_info=error)
            if time.monotonic() >= passivate_at:
                passivate_at = time.monotonic() + PASSIVATE_EVERY_S
                self.actors.passivate()
            await asyncio.sleep(SWEEP_S)

    async def _sweep(self) -> None:
        shards = self._ownership.shards
        if not shards:
            return
        for thread in await self._sweeper.forgotten(shards):
            self.actors.wake(kinds.conversation(thread))
        for thread in await self._sweeper.unsent(shards):
            self._courier.deliver(thread)
        for turn in await self._sweeper.orphaned_turns(shards, PATIENCE_S + 15.0):
            running = self._turns.running(turn.turn_id, turn.attempt)
            if not running and not self._paused.holds(turn.thread_id):
                self._command(turn.thread_id, RestartTurn(TurnId(turn.turn_id), turn.attempt))

    async def _wake_tenants(self) -> None:
        for tenant_id in await self._sweeper.tenants():
            if self._ownership.epoch_of(tenant_id) is not None:
                self.actors.wake(kinds.tenant(tenant_id))
