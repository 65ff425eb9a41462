"""A customer of an office who sends files, and what came of reading them."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from niochat.adapters.models.openai.completion_types import ModelCompletion, ModelToolCall
from niochat.domain.conversation.commands import ReceiveMessage, SettleFile, SettleFileReading
from niochat.domain.conversation.file_reading import FileReading
from niochat.domain.ids import MessageId, ThreadId, file_id, inbound_message_id
from niochat.domain.message import MessageContent, MessageKind
from tests.assistant.scripted_customer import ScriptedCustomer
from tests.builders import SENT_AT, insert_commands

_numbers = count(1)
MIMETYPES = {
    MessageKind.VOICE: "audio/ogg",
    MessageKind.IMAGE: "image/png",
    MessageKind.DOCUMENT: "application/pdf",
}


async def enable_media_models(customer: ScriptedCustomer) -> None:
    """The provider's assistant hears and sees."""
    await customer.pipeline.given.admin.execute(
        'UPDATE tenants SET policy = policy || \'{"hears": true, "sees": true}\''
    )


async def receive_file(
    customer: ScriptedCustomer,
    kind: MessageKind,
    reading: FileReading,
    caption: str = "",
    name: str = "arquivo",
) -> None:
    """The file comes, is here, and is read."""
    external = f"file-{next(_numbers)}"
    host, place, thread = customer.pipeline.host, customer.pipeline.place, customer.thread
    content = MessageContent(kind, caption, {"file_name": name})
    await insert_commands(host, place, thread, [ReceiveMessage(external, content, SENT_AT)])
    await host.run(thread)
    message = inbound_message_id(ThreadId(thread), external)
    await settle_reading(customer, message, kind, reading, name)


async def settle_reading(
    customer: ScriptedCustomer,
    message: MessageId,
    kind: MessageKind,
    reading: FileReading,
    name: str,
) -> None:
    host, thread = customer.pipeline.host, customer.thread
    conversation = host.memory[thread].conversation
    assert conversation is not None
    file = file_id(message)
    here = SettleFile(file, message, conversation.id, MIMETYPES[kind], name, 10, "")
    await host.run(thread, here)
    await host.run(thread, SettleFileReading(message, conversation.id, reading))


async def receive_voice_note(customer: ScriptedCustomer, words: str) -> None:
    """In a voice note, and the turn runs."""
    await receive_file(customer, MessageKind.VOICE, FileReading(words))
    await customer.run_turn()


class ObedientModel:
    """A model that does what it was told to, whatever the rules are; then it says a text."""

    def __init__(self, calls: Sequence[tuple[str, Mapping[str, Any]]], text: str) -> None:
        self._calls = list(calls)
        self._text = text
        self.read: list[Any] = []

    async def complete(self, endpoint: Any, messages: Sequence[Any], **_: Any) -> ModelCompletion:
        self.read = list(messages)
        if not self._calls:
            return ModelCompletion(self._text, "m")
        name, arguments = self._calls.pop(0)
        return ModelCompletion("", "m", calls=(ModelToolCall("c1", name, json.dumps(arguments)),))

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def heard(self) -> str:
        """All that it read of the customer."""
        return "\n".join(str(each["content"]) for each in self.read if each["role"] == "user")
