"""One customer's thread, and the turns that look at its visit."""

from uuid import UUID, uuid4

from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_snapshot import TurnSnapshot
from niochat.assistant.turn_store import TurnStore
from niochat.domain.conversation import commands as cmd
from niochat.erp.write_journal import ErpWriteJournal
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands

MARIA = ConversationFacts(name="Maria Souza", contract="4711")
CALL = {"name": "list_invoices", "result": {"invoices": []}}


class TurnScenario:
    """One customer's thread: writes, and turns that look at the visit."""

    def __init__(self, host: Host, place: ChannelRef, thread: UUID, given: RowBuilder) -> None:
        self.host, self.place, self.thread, self.given = host, place, thread, given
        self.visits = TurnStore(host.database)
        self.journal = ErpWriteJournal(host.database)

    async def receive_message(self, words: str = "oi") -> None:
        """The customer writes; the turn before, if it runs, is cancelled and another begins."""
        await insert_commands(
            self.host, self.place, self.thread, [build_message(f"m-{uuid4()}", words)]
        )
        await self.host.run(self.thread)

    async def submit_commands(self, *commands: cmd.DurableCommand) -> None:
        await insert_commands(self.host, self.place, self.thread, commands)
        await self.host.run(self.thread)

    @property
    def request(self) -> TurnRequest:
        """Of the turn in progress."""
        c = self.host.memory[self.thread].conversation
        assert c is not None
        assert c.turn is not None
        return TurnRequest(
            self.place.tenant, c.id, c.turn.id, c.turn.attempt, c.version, c.protocol
        )

    async def load_turn_snapshot(self) -> TurnSnapshot:
        """The visit as the turn in progress finds it."""
        visit = await self.visits.load_snapshot(self.request)
        assert visit is not None
        return visit

    async def record_tool_call(self, facts: ConversationFacts = MARIA, **call: object) -> None:
        """The turn in progress finished a call."""
        await self.visits.save_progress(self.request, facts, {**CALL, **call})

    async def finish_turn(self, *texts: str) -> None:
        await self.host.answer(self.thread, *(texts or ("Pronto!",)))
