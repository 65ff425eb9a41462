"""Two hosts, random events, one database: whatever happens, the promises hold after each step."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from niochat.domain.ids import OutboxId
from niochat.inbox.inbox_store import AcceptResult
from niochat.outbox.outbox_store import ClaimedSend
from tests.builders import (
    Host,
    RowBuilder,
    ShardAssignments,
    build_finished_turn,
    build_inbound,
    insert_commands,
    open_connection,
)

T = TypeVar("T")
HOSTS = st.sampled_from([0, 1])
THREADS = st.sampled_from([0, 1])
NEVER = [{"days": [0], "opens": "03:33:00", "closes": "03:33:01"}]
"""Hours in which nobody is there: the first customer is served after a hand-off too."""


@dataclass
class TwoHostsModel:
    """One loop and one database for all examples; each example has threads of its own."""

    runner: asyncio.Runner
    hosts: list[Host]
    given: RowBuilder
    ownership: ShardAssignments
    examples: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def run(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self.runner.run(awaited())


@pytest.fixture
def two_hosts(database_url: str, admin_url: str) -> Iterator[TwoHostsModel]:
    with asyncio.Runner() as runner:
        databases = [runner.run(Database.open(database_url, size=2)) for _ in range(2)]
        admin = runner.run(open_connection(admin_url))
        hosts = [Host(f"host-{n}:1", database) for n, database in enumerate(databases)]
        yield TwoHostsModel(runner, hosts, RowBuilder(admin), ShardAssignments(admin))
        for database in databases:
            database.terminate()
        runner.run(admin.close())


class TwoHostsMachine(RuleBasedStateMachine):
    """Both hosts remember; what they remember, and what they believe to own, may be stale."""

    def __init__(self, two_hosts: TwoHostsModel) -> None:
        super().__init__()
        self.two_hosts = two_hosts
        self.run = two_hosts.run
        self.hosts = two_hosts.hosts
        self.accepted: dict[str, int] = {}
        self.in_hand: dict[int, list[ClaimedSend]] = {0: [], 1: []}
        self.wire: Counter[UUID] = Counter()
        self.order: dict[UUID, list[UUID]] = defaultdict(list)
        self.ever_uncertain: set[UUID] = set()

    @initialize()
    def two_customers(self) -> None:
        self.name = f"x{next(self.two_hosts.examples)}"
        given = self.two_hosts.given
        self.places = [
            self.run(given.place(burst_window_s=window, hours=hours))
            for window, hours in ((0, NEVER), (60, []))
        ]
        self.lids = [f"{10**14 + 7 * next(self.two_hosts.examples)}" for _ in self.places]
        self.threads = [
            self.run(given.thread(place, lid=lid))
            for place, lid in zip(self.places, self.lids, strict=True)
        ]
        for host in self.hosts:
            host.memory.clear()
        self.run(self.two_hosts.ownership.assign_all(self.hosts[0], *self.threads))

    # -- what arrives ------------------------------------------------------------------------

    @rule(host=HOSTS, thread=THREADS)
    def a_message_is_accepted(self, host: int, thread: int) -> None:
        external = f"{self.name}-{len(self.accepted)}"
        self.accepted[external] = thread
        assert self.accept(host, external).new

    @precondition(lambda self: self.accepted)
    @rule(host=HOSTS, data=st.data())
    def a_message_is_accepted_again(self, host: int, data: st.DataObject) -> None:
        external = data.draw(st.sampled_from(list(self.accepted)))
        assert not self.accept(host, external).new

    def accept(self, host: int, external: str) -> AcceptResult:
        thread = self.accepted[external]
        place = self.places[thread]
        accepted = self.run(
            self.hosts[host].inbox.accept(
                place.tenant, place.channel, build_inbound(external, lid=self.lids[thread])
            )
        )
        assert accepted.thread_id == self.threads[thread]
        return accepted

    @rule(
        thread=THREADS,
        command=st.sampled_from(
            [
                cmd.AssignConversation("ana"),
                cmd.ReturnConversationToAssistant("ana"),
                cmd.ResolveConversation("ana"),
                cmd.HandOffConversation("op"),
            ]
        ),
    )
    def a_person_clicks(self, thread: int, command: cmd.DurableCommand) -> None:
        self.run(
            insert_commands(self.hosts[0], self.places[thread], self.threads[thread], [command])
        )

    # -- what hosts do -----------------------------------------------------------------------

    @rule(host=HOSTS, thread=THREADS)
    def a_host_steps(self, host: int, thread: int) -> None:
        self.run(self.hosts[host].step(self.threads[thread]))

    @rule(thread=THREADS)
    def both_hosts_step_at_once(self, thread: int) -> None:
        async def both() -> None:
            await asyncio.gather(*(host.step(self.threads[thread]) for host in self.hosts))

        self.run(both())

    @rule(host=HOSTS, thread=THREADS, texts=st.integers(0, 2), lost=st.booleans())
    def a_turn_ends(self, host: int, thread: int, texts: int, lost: bool) -> None:
        known = self.hosts[host].memory.get(self.threads[thread])
        if known is None or known.conversation is None or known.conversation.turn is None:
            return
        turn = known.conversation.turn
        command = (
            cmd.RestartTurn(turn.id, turn.attempt)
            if lost
            else build_finished_turn(turn, *(f"texto {n}" for n in range(texts)))
        )
        self.run(self.hosts[host].step(self.threads[thread], command))

    @rule(host=HOSTS)
    def a_host_crashes(self, host: int) -> None:
        self.hosts[host].memory.clear()
        self.in_hand[host].clear()

    @rule(host=HOSTS, thread=THREADS)
    def a_shard_moves(self, host: int, thread: int) -> None:
        """The old owner is not told: it goes on with the epoch it knows."""
        self.run(self.two_hosts.ownership.assign_all(self.hosts[host], self.threads[thread]))

    # -- what leaves -------------------------------------------------------------------------

    @rule(host=HOSTS, thread=THREADS)
    def a_send_starts(self, host: int, thread: int) -> None:
        claimed = self.run(self.hosts[host].claim(self.threads[thread]))
        if claimed is not None:
            self.in_hand[host].append(claimed)
            (may,) = self.rows(
                "SELECT o.origin <> 'assistant' OR c.status = 'pending'"
                " OR (c.state -> 'after_hours')::bool FROM outbox o"
                " JOIN conversations c ON c.id = o.conversation_id WHERE o.id = $1",
                claimed.id,
            )
            assert may, "claimed after the takeover committed"

    @precondition(lambda self: any(self.in_hand.values()))
    @rule(
        host=HOSTS,
        leaves=st.booleans(),
        result=st.sampled_from([*cmd.SendStatus, None]),
    )
    def a_send_ends(self, host: int, leaves: bool, result: cmd.SendStatus | None) -> None:
        """``None``: the host does not live to tell. Only then, and when uncertain, it may have
        left or not."""
        if not self.in_hand[host]:
            return
        claimed = self.in_hand[host].pop()
        certain = {"sent": True, "failed": False, "retry": False}
        if certain.get(str(result), leaves):
            self.wire[claimed.id] += 1
            self.order[claimed.thread_id].append(claimed.id)
        if result is not None:
            self.settle(self.hosts[host], claimed.thread_id, claimed.id, result)

    @rule(host=HOSTS, thread=THREADS)
    def what_is_open_is_looked_up(self, host: int, thread: int) -> None:
        for row in self.run(self.hosts[host].outbox.list_unsettled(self.threads[thread])):
            if row.orphaned:
                self.settle(
                    self.hosts[host], self.threads[thread], row.id, cmd.SendStatus.UNCERTAIN
                )
            elif row.status == "uncertain":
                self.time_is_over(row.id)
                found = self.wire[row.id] > 0
                result = cmd.SendStatus.SENT if found else cmd.SendStatus.RETRY
                self.settle(self.hosts[host], self.threads[thread], row.id, result)

    def settle(self, host: Host, thread: UUID, outbox: UUID, result: cmd.SendStatus) -> None:
        external = f"out-{outbox}" if result is cmd.SendStatus.SENT else None
        if result is cmd.SendStatus.UNCERTAIN:
            self.ever_uncertain.add(outbox)
        self.run(host.step(thread, cmd.SettleSend(OutboxId(outbox), result, external)))

    def time_is_over(self, outbox: UUID) -> None:
        """Whoever still has the row in hand sees by its own clock that it must not send."""
        for host, rows in self.in_hand.items():
            self.in_hand[host] = [claimed for claimed in rows if claimed.id != outbox]

    @rule()
    def time_passes(self) -> None:
        ended = self.rows(
            "UPDATE outbox SET send_until = now() - interval '1 s'"
            " WHERE status = 'sending' AND thread_id = ANY ($1) RETURNING id",
            self.threads,
        )
        for outbox in ended:
            self.time_is_over(outbox)
        self.rows(
            "UPDATE timers SET due_at = now() WHERE thread_id = ANY ($1) RETURNING 1", self.threads
        )
        self.rows(
            "UPDATE outbox SET next_at = now(),"
            " uncertain_since = uncertain_since - interval '181 s'"
            " WHERE thread_id = ANY ($1) RETURNING 1",
            self.threads,
        )

    # -- what always holds -------------------------------------------------------------------

    def rows(self, query: str, *values: object) -> list[Any]:
        return self.run(self.two_hosts.given.rows(query, *values))

    def none(self, what: str, query: str) -> None:
        assert self.rows(query, self.threads) == [], what

    @invariant()
    def the_log_leads_to_the_state(self) -> None:
        for thread in self.threads:
            logs = self.run(self.two_hosts.given.logs(thread))
            states = self.run(self.two_hosts.given.states(thread))
            assert {key: replay(log) for key, log in logs.items()} == states
            assert sum(state.status != "resolved" for state in states.values()) <= 1

    @invariant()
    def every_accepted_message_is_one_row_and_at_most_one_message(self) -> None:
        keys = self.rows(
            "SELECT command ->> 'external_id' FROM inbox WHERE thread_id = ANY ($1)"
            " AND command ->> 'type' = 'receive_message'",
            self.threads,
        )
        assert Counter(keys) == Counter(list(self.accepted))
        said = self.rows(
            "SELECT external_id FROM messages WHERE thread_id = ANY ($1) AND author = 'customer'",
            self.threads,
        )
        done = self.rows(
            "SELECT command ->> 'external_id' FROM inbox WHERE thread_id = ANY ($1)"
            " AND command ->> 'type' = 'receive_message'"
            " AND outcome = 'done'",
            self.threads,
        )
        assert Counter(said) == Counter(done)

    @invariant()
    def nothing_leaves_twice_or_out_of_order(self) -> None:
        assert all(times == 1 for times in self.wire.values())
        for thread, left in self.order.items():
            certain = [outbox for outbox in left if outbox not in self.ever_uncertain]
            positions = self.rows(
                "SELECT position FROM unnest($1::uuid[]) WITH ORDINALITY AS x (id, n)"
                " JOIN outbox o USING (id) ORDER BY n",
                certain,
            )
            assert positions == sorted(positions), thread

    @invariant()
    def what_waits_may_leave_and_what_runs_is_known(self) -> None:
        self.none(
            "a reply waits that nobody may send",
            "SELECT o.id FROM outbox o JOIN conversations c ON c.id = o.conversation_id"
            " WHERE o.thread_id = ANY ($1) AND o.status = 'queued' AND o.origin = 'assistant'"
            " AND c.status <> 'pending' AND NOT (c.state -> 'after_hours')::bool",
        )
        self.none(
            "a turn runs that no conversation knows",
            "SELECT t.id FROM turns t JOIN conversations c ON c.id = t.conversation_id"
            " WHERE t.thread_id = ANY ($1) AND (t.status = 'running')"
            " <> coalesce(c.state #>> '{turn,id}' = t.id::text, false)",
        )
        self.none(
            "sent is told of what never left",
            "SELECT id FROM outbox WHERE thread_id = ANY ($1) AND status = 'sent'"
            " AND NOT external_id = 'out-' || id",
        )

    def teardown(self) -> None:
        """Left alone with one host, everything comes to rest and nothing was lost."""
        if not hasattr(self, "threads"):
            return
        survivor = self.hosts[1]
        survivor.memory.clear()
        self.run(self.two_hosts.ownership.assign_all(survivor, *self.threads))
        for thread in self.threads:
            self.run(survivor.run(thread))
        self.none(
            "a row was forgotten",
            "SELECT id FROM inbox WHERE thread_id = ANY ($1) AND processed_at IS NULL",
        )
        for _ in range(12):
            self.time_passes()
            for number in (0, 1):
                self.what_is_open_is_looked_up(1, number)
                self.a_send_starts(1, number)
                while self.in_hand[1]:
                    self.a_send_ends(1, leaves=True, result=cmd.SendStatus.SENT)
        self.none(
            "a send was forgotten",
            "SELECT id FROM outbox WHERE thread_id = ANY ($1)"
            " AND status IN ('queued', 'sending', 'uncertain')",
        )
        self.every_accepted_message_is_one_row_and_at_most_one_message()
        self.nothing_leaves_twice_or_out_of_order()


def test_the_invariants_hold_under_random_events_of_two_hosts(two_hosts: TwoHostsModel) -> None:
    machine: Any = partial(TwoHostsMachine, two_hosts)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True),
    )
