"""A simple model beside the real stores: a list of what was said, and of what was answered.

The machine of `tests/transactions/test_two_hosts_properties.py` crashes hosts, moves shards and
redelivers
in any order; here each message has a name, each answer names what the real transcript shows as
unanswered, and receipts come in any order. Whatever happens: nothing said is lost, nothing is
answered twice, answers keep the order of the questions, no status goes back.
"""

from collections import defaultdict
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import TurnStore
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import TurnInProgress
from niochat.domain.ids import OutboxId
from niochat.domain.message import Author, DeliveryStatus, is_status_advance
from niochat.inbox.inbox_store import AcceptResult
from tests.builders import Host, build_finished_turn, build_inbound, insert_commands
from tests.transactions.test_two_hosts_properties import (
    HOSTS,
    THREADS,
    TwoHostsMachine,
    TwoHostsModel,
    two_hosts,
)

__all__ = ["two_hosts"]
pytestmark = pytest.mark.timeout(240)

RECEIPTS = st.sampled_from(
    [DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.PLAYED]
)
ROUNDS = 12


class SaidAndAnswered(TwoHostsMachine):
    """Names instead of texts. ``said`` is the model; what was answered is read off the wire."""

    def __init__(self, two_hosts: TwoHostsModel) -> None:
        super().__init__(two_hosts)
        self.said: dict[int, list[str]] = defaultdict(list)
        self.status: dict[str, DeliveryStatus] = {}
        self.told: list[tuple[UUID, cmd.SettleSend]] = []

    @initialize()
    def nobody_has_said_anything(self) -> None:
        self.said.clear()
        self.status.clear()
        self.told.clear()

    # -- what is said and answered -------------------------------------------------------------

    def accept(self, host: int, external: str) -> AcceptResult:
        """As the machine does, with the message's name as its words."""
        thread = self.accepted[external]
        if external not in self.said[thread]:
            self.said[thread].append(external)
        place = self.places[thread]
        arrival = build_inbound(external, external, lid=self.lids[thread])
        return self.run(self.hosts[host].inbox.accept(place.tenant, place.channel, arrival))

    @rule(host=HOSTS, thread=THREADS, texts=st.just(1), lost=st.booleans())
    def a_turn_ends(self, host: int, thread: int, texts: int, lost: bool) -> None:
        """The answer names what its turn was to answer; or the turn is lost with its process."""
        self.end_turn(self.hosts[host], thread, lost)

    def end_turn(self, host: Host, thread: int, lost: bool) -> None:
        known = host.memory.get(self.threads[thread])
        if known is None or known.conversation is None or known.conversation.turn is None:
            return
        turn = known.conversation.turn
        names = self.unanswered(thread, turn)
        command = (
            cmd.RestartTurn(turn.id, turn.attempt)
            if lost
            else build_finished_turn(turn, " ".join(names))
        )
        self.run(host.step(self.threads[thread], command))

    def unanswered(self, thread: int, turn: TurnInProgress) -> list[str]:
        """What the customer said since the assistant's last word, as a turn reads it."""
        (found,) = self.run(
            self.two_hosts.given.admin.fetch(
                "SELECT tenant_id, conversation_id, id AS turn_id, $2::int AS attempt, "
                "upto_version,"
                " '' AS protocol FROM turns WHERE id = $1",
                turn.id,
                turn.attempt,
            )
        )
        lines = self.run(self.read(TurnRequest(**dict(found))))
        spoken = [n for n, line in enumerate(lines) if line.author is not Author.CUSTOMER]
        since = spoken[-1] + 1 if spoken else 0
        return [line.text for line in lines[since:]]

    async def read(self, request: TurnRequest) -> list[TranscriptLine]:
        visit = await TurnStore(self.hosts[0].database).load_snapshot(request)
        return list(visit.transcript) if visit is not None else []  # nobody listens any more

    def settle(self, host: Host, thread: UUID, outbox: UUID, result: cmd.SendStatus) -> None:
        """As the courier does: with the attempt that the row showed."""
        if result is cmd.SendStatus.UNCERTAIN:
            self.ever_uncertain.add(outbox)
        (attempts,) = self.rows("SELECT attempts FROM outbox WHERE id = $1", outbox)
        external = f"out-{outbox}" if result is cmd.SendStatus.SENT else None
        command = cmd.SettleSend(OutboxId(outbox), result, external, attempt=int(str(attempts)))
        self.told.append((thread, command))
        self.run(host.step(thread, command))

    @precondition(lambda self: self.told)
    @rule(host=HOSTS, data=st.data())
    def a_settlement_comes_again(self, host: int, data: st.DataObject) -> None:
        """Looked at twice, or told late: by now the row may have started to leave once more."""
        thread, command = data.draw(st.sampled_from(self.told))
        if command.result is not cmd.SendStatus.UNCERTAIN:
            self.run(self.hosts[host].step(thread, command))

    @precondition(lambda self: self.wire)
    @rule(data=st.data(), status=RECEIPTS)
    def a_receipt_arrives(self, data: st.DataObject, status: DeliveryStatus) -> None:
        """In any order, also before the host could tell that the message left."""
        outbox = data.draw(st.sampled_from(sorted(self.wire, key=str)))
        thread = next(n for n, t in enumerate(self.threads) if outbox in self.order[t])
        receipt = cmd.ReceiveDeliveryReceipt((f"out-{outbox}",), status)
        self.run(
            insert_commands(self.hosts[0], self.places[thread], self.threads[thread], [receipt])
        )

    # -- the model -----------------------------------------------------------------------------

    def heard(self, thread: int, *, certain: bool) -> list[str]:
        """Names in the order in which the customer's phone showed the answers."""
        left = self.order[self.threads[thread]]
        chosen = [o for o in left if not (certain and o in self.ever_uncertain)]
        texts = self.rows(
            "SELECT text FROM unnest($1::uuid[]) WITH ORDINALITY AS x (id, n)"
            " JOIN outbox o USING (id) ORDER BY n",
            chosen,
        )
        words = [word for text in texts for word in str(text).split()]
        return [word for word in words if word in self.said[thread]]

    @invariant()
    def nothing_is_answered_twice_and_answers_keep_the_order(self) -> None:
        for thread in range(len(getattr(self, "threads", ()))):
            heard = self.heard(thread, certain=False)
            assert len(heard) == len(set(heard)), "answered twice"
            places = [self.said[thread].index(n) for n in self.heard(thread, certain=True)]
            assert places == sorted(places), "answers in another order than the questions"

    @invariant()
    def no_status_goes_back(self) -> None:
        for row in self.rows(
            "SELECT id::text || ' ' || status FROM messages WHERE status IS NOT NULL"
            " AND thread_id = ANY ($1)",
            getattr(self, "threads", []),
        ):
            message, _, word = str(row).partition(" ")
            new, old = DeliveryStatus(word), self.status.get(message)
            assert old in (None, new) or is_status_advance(old, new), f"{old} became {new}"
            self.status[message] = new

    def teardown(self) -> None:
        """Left alone with one host, what was said and not taken over by people is answered."""
        if not hasattr(self, "threads"):
            return
        survivor = self.hosts[1]
        survivor.memory.clear()
        self.run(self.two_hosts.ownership.assign_all(survivor, *self.threads))
        for _ in range(ROUNDS):
            self.time_passes()
            for number, thread in enumerate(self.threads):
                self.run(survivor.run(thread))
                self.end_turn(survivor, number, lost=False)
        super().teardown()
        for number, thread in enumerate(self.threads):
            lost = set(self.kept_by_the_assistant(thread)) - set(self.heard(number, certain=False))
            assert not lost, f"said and never answered: {lost}"
        self.nothing_is_answered_twice_and_answers_keep_the_order()
        self.no_status_goes_back()

    def kept_by_the_assistant(self, thread: UUID) -> list[str]:
        """What was said in visits that no person touched, and whose sends none failed."""
        return [
            str(name)
            for name in self.rows(
                "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
                " WHERE m.thread_id = $1 AND m.author = 'customer' AND c.status = 'pending'"
                " AND NOT EXISTS (SELECT FROM events e WHERE e.conversation_id = c.id AND e.type IN"
                " ('conversation_assigned', 'conversation_handed_off'))",
                thread,
            )
        ]


def test_all_that_is_said_is_answered_once_and_in_order(two_hosts: TwoHostsModel) -> None:
    machine: Any = partial(SaidAndAnswered, two_hosts)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=20, stateful_step_count=30, deadline=None, derandomize=True),
    )
