"""One host process without Ray: its virtual actors, its sweeps, its ownership."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from niochat.accounts.held_back import Teller
from niochat.accounts.shares import Shares
from niochat.actors import kinds
from niochat.actors.conversation import ConversationBehaviour
from niochat.actors.entrance import Entrance
from niochat.actors.host_queues import HostQueues, Poke, Tell
from niochat.actors.inspection import Inspection, Order
from niochat.actors.leases import AskActor, Leases
from niochat.actors.ownership import Ownership
from niochat.actors.paused import Paused
from niochat.actors.release import release_of
from niochat.actors.search import Search
from niochat.actors.sharing import HostShares, held_back
from niochat.actors.tenant import TenantBehaviour, Throttled
from niochat.actors.turns import MOST_WAITING, PLACES, TURN_PAUSE_S, Pool, Turns
from niochat.actors.vitals import Vitals
from niochat.conversation.pauses import PauseStore
from niochat.conversation.step import StepRunner
from niochat.conversation.work import MemoryCommand
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.domain.held_back import TenantThrottle
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.inbox.sweep import SweepQueries
from niochat.media.fetching import Fetcher
from niochat.media.reading import FileReader, Readings
from niochat.outbox.claim import OutboxStore
from niochat.outbox.deliver import OutboxDispatcher
from niochat.runtime.address import Address
from niochat.runtime.coalesced import Coalesced
from niochat.runtime.fair_line import Lane
from niochat.runtime.host import VirtualHost
from niochat.runtime.lag import LoopLag
from niochat.runtime.pace import Pace
from niochat.runtime.scaling import Load
from niochat.runtime.tally import Tally
from niochat.runtime.tasks import Owner
from niochat.wiring.parts import Parts

_log = structlog.get_logger(__name__)

SWEEP_S = 1.0
PASSIVATE_EVERY_S = 10.0
QUEUES_EVERY_S = 3.0
"""How long a queue waits whose hint was lost."""
SHARES_EVERY_S = 5.0
"""How old plans, caps and the pool's size may be."""
NEWS_EVERY_S = 0.02
"""How often screens are told at most that there is something new."""
MOST_TOLD = 1000
"""Messages to actors of other hosts that are on their way; further ones are dropped, as they
are lost when such a host is away.
"""
RELEASE_WAIT_S = 5.0
"""For sends in progress before a shard moves."""


def _nobody(addresses: Iterable[Address], tenant_id: UUID | None) -> None:
    """There are no other hosts."""


def _unread(tenant_id: UUID, file_id: UUID) -> None:
    """Nobody says what files say."""


class HostCore:
    """Everything a host does. ``ask``, ``tell`` and ``poke`` reach actors of other hosts."""

    def __init__(
        self,
        name: str,
        node: str,
        parts: Parts,
        pool: Pool,
        ask: AskActor,
        tell: Tell,
        *,
        poke: Poke = _nobody,
        reader: FileReader | None = None,
        places: Callable[[], int] = lambda: PLACES,
        most_waiting: int = MOST_WAITING,
        turn_pause_s: float = TURN_PAUSE_S,
    ) -> None:
        """``reader`` says what files say; without one nobody does. ``places``: how many turns the
        pool can run at once now, for all hosts together; ``most_waiting``: turns in this host's
        line.
        """
        self.name = name
        self.incarnation = f"{name}.{secrets.token_hex(4)}"
        self._node = node
        self._parts = parts
        self._tell = tell
        self._ownership = Ownership(
            parts.database, self.incarnation, lambda lost: self.actors.forget(lost)
        )
        self.tally = Tally()
        self._paused = Paused(PauseStore(parts.database), self._resume)
        self._places = places
        self._news = Coalesced(lambda: parts.news.publish(PLATFORM_TENANT_ID), NEWS_EVERY_S)
        self._leases = Leases(ask)
        self._shares = HostShares(Shares(parts.database), lambda: self._ownership.count)
        self._teller = Teller(parts.database, self.incarnation)
        self._queues = HostQueues(
            parts.database, self._ownership, self.tell, tell, self.poke, poke, parts.passing.say
        )
        pace = Pace()
        self._turns = Turns(
            pool,
            self._lease,
            self._throttle,
            self._command,
            pace=pace,
            tally=self.tally,
            share_of=self._shares.of_turns,
            waiting=most_waiting,
            pause_s=turn_pause_s,
        )
        self._courier = OutboxDispatcher(
            OutboxStore(parts.database, self.incarnation, parts.library.whole), parts.gateway,
            parts.line_of, self._epoch_to_send, self._command,
            weight_of=self._shares.channel_weight,
        )  # fmt: skip
        self._fetcher = Fetcher(
            parts.database, parts.gateway, parts.line_of, parts.files, self._command
        )
        self._readings = (
            None
            if reader is None
            else Readings(parts.database, self.incarnation, reader, self._command)
        )
        self.actors = VirtualHost(
            {
                kinds.CONVERSATION: self._conversations(),
                kinds.TENANT: TenantBehaviour(
                    parts.database, parts.backfill, parts.line_of, self._poke,
                    fill_every_s=parts.settings.backfill_s,
                ),
                kinds.TEAM_QUEUE: self._queues.behaviour,
            },
            idle_s=parts.settings.passivate_s,
            capacity=parts.settings.max_actors, weight_of=self._shares.weight,
        )  # fmt: skip
        self._entrance = Entrance(self.actors, self._turns, pace)
        self._search = Search(
            SweepQueries(parts.database, self.incarnation), self._ownership, self.actors,
            self._entrance, self._turns, self._courier, self._fetcher, self._paused, self._command,
            self._readings,
        )  # fmt: skip
        self._inspection = Inspection(self.actors, self._paused, self.stats)
        self._owner = Owner(name)
        self._lag = LoopLag()

    def start(self) -> None:
        """Begin to sweep; returns at once."""
        self._owner.start(self._sweep_for_ever())
        self._owner.start(self._lag.sample_for_ever())
        self._owner.start(self._entrance.look_for_ever())

    async def stop(self) -> None:
        """End the sweeps and wait for the steps in progress."""
        self._owner.cancel()
        await self.actors.stop()

    def poke(self, addresses: Iterable[Address], tenant_id: Lane = None) -> None:
        """Rows of the tenant wait for these actors. Those of other hosts are swept over there."""
        for address in addresses:
            if self._ownership.epoch_of(address.key) is not None:
                self._entrance.wake(address, tenant_id)

    async def ask(self, address: Address, payload: object) -> Any:
        """Answer of one of our actors. Raises ``UnavailableError`` when it is another host's."""
        if self._ownership.epoch_of(address.key) is None:
            raise UnavailableError(f"the {address.kind} is not on this host", code="host")
        return await self.actors.ask(address, payload)

    def tell(self, address: Address, payload: object) -> None:
        """A message for one of our actors; one of another host's is lost, as told ones may be."""
        if self._ownership.epoch_of(address.key) is not None:
            self.actors.deliver(address, payload, hint=True)

    async def refresh(self) -> None:
        """The map changed: learn what is ours, forget what is not, look for what waits."""
        await self._paused.refresh()
        await self._ownership.refresh()
        await self._search.forgotten()

    async def release(self, shards: set[int]) -> None:
        """Start nothing new for these shards; returns when their sends have ended, or soon."""
        self._ownership.release(shards)
        sending = self._courier.running_deliveries(shards)
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
            "shards": self._ownership.count,
            "actors": len(self.actors),
            "conversations": self.actors.count(kinds.CONVERSATION),
            "turns": len(self._turns) - self._turns.waiting,
            "sends": len(self._courier.running_deliveries(set(self._ownership.shards))),
            "waiting": {
                "steps": self.actors.ready(kinds.CONVERSATION),
                "turns": self._turns.waiting,
                "outside": len(self._entrance),
                "sends": self._courier.waiting_count,
            },
            "refused": self.actors.refused,
            "held_back": self._held_back(),
            "mailbox_depth": self.actors.waiting,
            "lag_ms": self._lag.milliseconds,
        }

    def _held_back(self) -> list[TenantThrottle]:
        return held_back(self._turns, self._entrance, self._leases, self._courier, self.actors)

    def _conversations(self) -> ConversationBehaviour:
        return ConversationBehaviour(
            StepRunner(self._parts.database, self.incarnation),
            self._ownership,
            self._turns,
            self._courier,
            lambda address, lane: self.actors.wake(address, lane),
            self._queues.told,
            self._fetcher.fetch,
            self._paused,
            self.tally,
            self._news.call,
            self._readings.read if self._readings else _unread,
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

    def _poke(self, tenant_id: UUID, threads: set[UUID]) -> None:
        self.poke([kinds.conversation(thread) for thread in threads], tenant_id)

    def _throttle(self, tenant_id: UUID, seconds: float) -> None:
        self._leases.drop(tenant_id)
        told = partial(self._tell, kinds.tenant(tenant_id), Throttled(seconds))
        self._owner.offer(told, MOST_TOLD)

    async def _sweep_for_ever(self) -> None:
        passivate_at = time.monotonic() + PASSIVATE_EVERY_S
        wake_tenants_at = share_at = queues_at = 0.0
        while True:
            try:
                await self._ownership.announce(self.name, self._node, os.getpid())
                await self.refresh()
                if time.monotonic() >= share_at:
                    share_at = time.monotonic() + SHARES_EVERY_S
                    await self.share()
                if time.monotonic() >= wake_tenants_at:
                    wake_tenants_at = time.monotonic() + self._parts.settings.backfill_s / 2
                    await self._search.tenants()
                if time.monotonic() >= queues_at:
                    queues_at = time.monotonic() + QUEUES_EVERY_S
                    await self.look_after_queues()
            except NiochatError as error:
                _log.warning("sweep_put_off", host=self.name, code=error.code)
            except Exception as error:  # noqa: BLE001 - the sweep must outlive any error
                _log.error("sweep_failed", host=self.name, exc_info=error)
            if time.monotonic() >= passivate_at:
                passivate_at = time.monotonic() + PASSIVATE_EVERY_S
                self.actors.passivate()
            await asyncio.sleep(SWEEP_S)

    async def look_after_queues(self) -> None:
        """What no message told of: agents who have gone, and queues whose hint was lost."""
        await self._queues.look_after()

    async def share(self) -> None:
        """Who gets how much from now on, and who was kept waiting by limits of its own."""
        await self._shares.refresh()
        self._turns.resize(self._shares.part(self._places()))
        await self._teller.tell(self._held_back())
        await self._search.lost_turns()
