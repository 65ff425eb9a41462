"""A customer's side of one visit in an :class:`~tests.assistant.assistant_pipeline.Office`."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.domain.conversation.commands import (
    FinishAssistantTurn,
    ReceiveMessage,
    ResolveConversation,
    SendStatus,
)
from niochat.domain.message import MessageContent, MessageKind
from tests.builders import SENT_AT, insert_commands

if TYPE_CHECKING:
    from tests.assistant.assistant_pipeline import AssistantPipeline

HONEST, FOOLED, STUBBORN = "sandbox-simulador", "sandbox-obediente", "sandbox-teimoso"
Call = tuple[str, Mapping[str, Any] | str]
"""A tool's name, and its arguments as they are, or as a text that may be no JSON."""
_numbers = count(1)


@dataclass(frozen=True)
class DeliveredMessage:
    """A message that left for the customer."""

    kind: MessageKind
    text: str
    data: bytes = b""


@dataclass
class ScriptedCustomer:
    """One visit: what the customer says, and what leaves for the customer."""

    pipeline: "AssistantPipeline"
    thread: UUID
    phone: str
    subscriber: dict[str, Any]
    left: list[DeliveredMessage] = field(default_factory=list)
    """What left since the customer last said something."""
    heard: list[DeliveredMessage] = field(default_factory=list)
    """Everything that left."""
    report: TurnReport | None = None

    @property
    def cpf(self) -> str:
        return str(self.subscriber["cpf"])

    @property
    def contract(self) -> int:
        return int(self.subscriber["contracts"][0]["id"])

    @property
    def texts(self) -> list[str]:
        """What left since the customer last said something, as texts and captions."""
        return [each.text for each in self.left]

    async def say(self, *said: str | MessageContent) -> FinishAssistantTurn:
        """The customer writes, the turn runs, and all that it says leaves."""
        await self.write(*said)
        return await self.run_turn()

    async def run_with_model_output(
        self,
        text: str,
        calls: Sequence[Call] = (),
        says: str = "Pronto.",
        *,
        model: str = FOOLED,
        kind: MessageKind = MessageKind.TEXT,
    ) -> FinishAssistantTurn:
        """As :meth:`say`, by a model that was talked into these calls and this text."""
        await self.pipeline.update_settings(model=model)
        finish = await self.say(
            MessageContent(kind, f"{text}\nOBEDECE: {_encode_model_output(calls, says)}")
        )
        await self.pipeline.update_settings(model=HONEST)
        return finish

    async def write(self, *said: str | MessageContent) -> None:
        """The customer writes; nobody answers yet."""
        contents = [
            MessageContent(MessageKind.TEXT, each) if isinstance(each, str) else each
            for each in said
        ]
        received = [ReceiveMessage(f"in-{next(_numbers)}", each, SENT_AT) for each in contents]
        await insert_commands(self.pipeline.host, self.pipeline.place, self.thread, received)
        await self.pipeline.host.run(self.thread)

    async def end_conversation(self) -> None:
        """The visit is over, if there is one: whatever is said next begins another."""
        if self.thread in self.pipeline.host.memory:
            await insert_commands(
                self.pipeline.host, self.pipeline.place, self.thread, [ResolveConversation("ana")]
            )
            await self.pipeline.host.run(self.thread)

    async def set_facts(self, facts: Mapping[str, Any]) -> None:
        """What earlier turns of the visit would have found out."""
        await self.pipeline.given.admin.execute(
            "INSERT INTO memories (tenant_id, conversation_id, facts) SELECT tenant_id, id, $2"
            " FROM conversations WHERE thread_id = $1 AND status = 'pending'",
            self.thread,
            dict(facts),
        )

    async def run_turn(self) -> FinishAssistantTurn:
        """The turn that waits is run and ends; its words leave."""
        self.report = await self.run_turn_without_commit()
        await self.pipeline.host.run(self.thread, self.report.finish)
        self.left = await self._leave()
        self.heard += self.left
        return self.report.finish

    async def run_turn_without_commit(self, request: TurnRequest | None = None) -> TurnReport:
        """The report of the turn that waits, which does not hear of it."""
        request = request or await self.pending_turn()
        async with asyncio.timeout(15):
            return await self.pipeline.assistant.run(request)

    async def pending_turn(self) -> TurnRequest:
        """The turn that waits to be run."""
        (turn,) = await self.pipeline.given.admin.fetch(
            "SELECT t.*, c.protocol FROM turns t JOIN conversations c ON c.id = t.conversation_id"
            " WHERE t.thread_id = $1 AND t.status = 'running'",
            self.thread,
        )
        return TurnRequest(
            turn["tenant_id"],
            turn["conversation_id"],
            turn["id"],
            turn["attempt"],
            turn["upto_version"],
            turn["protocol"],
        )

    async def complete_identification(self, wish: str = "oi", yes: str = "sim") -> Self:
        """Up to the confirmed contract, with the honest model."""
        await self.say(wish)
        await self.say(self.cpf)
        await self.say(yes)
        return self

    async def list_tool_calls(self) -> list[tuple[str, Any]]:
        """(tool, result) of every call in this visit's turns, oldest first."""
        rows = await self.pipeline.given.rows(
            "SELECT tool_results FROM turns WHERE thread_id = $1 ORDER BY started_at, id",
            self.thread,
        )
        return [(call["tool"], call["result"]) for calls in rows for call in calls]

    async def load_facts(self) -> dict[str, Any]:
        """What the server remembers of the visit."""
        (facts,) = await self.pipeline.given.rows(
            "SELECT m.facts FROM memories m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE c.thread_id = $1",
            self.thread,
        )
        return dict(facts)

    async def load_status(self) -> tuple[str, str | None]:
        """(status, team) of the newest conversation."""
        (row, *_) = await self.pipeline.given.admin.fetch(
            "SELECT status, team FROM conversations WHERE thread_id = $1"
            " ORDER BY opened_at DESC, protocol DESC",
            self.thread,
        )
        return row["status"], row["team"]

    async def load_notes(self) -> list[str]:
        """What the team is told, and the customer never."""
        return await self.pipeline.given.rows(
            "SELECT text FROM messages WHERE thread_id = $1 AND kind = 'note' ORDER BY version",
            self.thread,
        )

    async def _leave(self) -> list[DeliveredMessage]:
        host, gone = self.pipeline.host, []
        while claimed := await host.claim(self.thread):
            (data,) = await self.pipeline.given.rows(
                "SELECT (SELECT data FROM attachments WHERE id = $1)", claimed.attachment_id
            )
            gone.append(DeliveredMessage(MessageKind(claimed.kind), claimed.text, data or b""))
            await host.settle(claimed, SendStatus.SENT, f"out-{next(_numbers)}")
        return gone


def _encode_model_output(calls: Sequence[Call], says: str) -> str:
    made = [
        {"name": name, "raw" if isinstance(arguments, str) else "arguments": arguments}
        for name, arguments in calls
    ]
    return _escape_json({"calls": made, "text": says})


def _escape_json(value: object) -> str:
    """JSON whose letters and digits are escaped: what the model is made to say must not count
    as written by the customer.
    """
    if isinstance(value, str):
        units = value.encode("utf-16-be", "surrogatepass")
        codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
        return '"' + "".join(map(_escaped, codes)) + '"'
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_escape_json(k)}: {_escape_json(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_escape_json, value)) + "]"
    return json.dumps(value)


def _escaped(code: int) -> str:
    return chr(code) if chr(code) in "[]{}:,. -" else f"\\u{code:04x}"
