"""One request to a model, assigned to its conversation, with the messages that are new in it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]
_CHARS_A_TOKEN = 4
_SERVER_PREFIX = "⟦"
"""The first character of the product's own markers."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request. ``number``: its position in the conversation, from 1. ``new``: messages that the
    request before did not contain, in order.
    """

    conversation: str
    number: int
    body: Mapping[str, Any]
    new: Sequence[Message] = ()
    cached: int = 0
    """The estimated tokens that its beginning shares with the request before."""

    @property
    def messages(self) -> Sequence[Message]:
        return list(self.body.get("messages") or ())

    @property
    def tools(self) -> Sequence[Message]:
        """The offered tools as ``{name, description, parameters}``."""
        return [dict(each.get("function") or {}) for each in self.body.get("tools") or ()]

    @property
    def tokens(self) -> int:
        """The estimated input tokens, at four characters per token."""
        return estimate_request_tokens(self.body)

    def new_texts(self) -> list[dict[str, str]]:
        """The new messages as ``{from, text}``; from: ``customer``, ``assistant``, ``server`` or a
        tool.
        """
        names = tool_names(self.messages)
        return [{"from": speaker_for(each, names), "text": message_text(each)} for each in self.new]

    def shape(self) -> list[str]:
        """What must match in a replay: the tools' outcomes, and whether the customer wrote."""
        names = tool_names(self.messages)
        return [word for each in self.new if (word := _message_shape(each, names))]


@dataclass(slots=True)
class RequestHistory:
    """The requests of a conversation. A repeated request keeps its number."""

    name: str
    last: ModelRequest | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    answer: Any = field(default=None, repr=False)

    def add_request(self, body: Mapping[str, Any]) -> ModelRequest:
        """Add a request to the history."""
        before = self.last
        if before is None:
            return ModelRequest(self.name, 1, body, _without_systems(body.get("messages") or ()))
        left = Counter(map(_json, before.messages))
        new = []
        for message in body.get("messages") or ():
            key = _json(message)
            if left[key] > 0:
                left[key] -= 1
            else:
                new.append(message)
        # the system prompt contains today's facts, so that it may differ
        if new and new[0].get("role") == "system":
            new = new[1:] if (body["messages"][0] == new[0]) else new
        cached = (
            _common_prefix_length(_prompt_text(before.body), _prompt_text(body)) // _CHARS_A_TOKEN
        )
        return ModelRequest(self.name, before.number + 1, body, new, cached)


def estimate_request_tokens(body: Mapping[str, Any]) -> int:
    """Estimate the input tokens of a whole request."""
    return (len(_prompt_text(body)) + _CHARS_A_TOKEN - 1) // _CHARS_A_TOKEN


def tool_names(messages: Sequence[Message]) -> dict[str, str]:
    """The names of tools by the ids of their calls."""
    return {
        str(call.get("id")): str((call.get("function") or {}).get("name"))
        for message in messages
        for call in message.get("tool_calls") or ()
    }


def message_text(message: Message) -> str:
    """The text of a message; tool calls as JSON."""
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content)
    calls = [
        f"{call['function']['name']} {call['function']['arguments']}"
        for call in message.get("tool_calls") or ()
    ]
    return "\n".join(part for part in (content or "", *calls) if part)


def speaker_for(message: Message, names: Mapping[str, str]) -> str:
    """The author of a message."""
    role = message.get("role")
    if role == "tool":
        return f"tool {names.get(str(message.get('tool_call_id')), '?')}"
    if role == "assistant":
        return "assistant"
    if role == "user" and not _is_server_text(message_text(message)):
        return "customer"
    return "server"


def parse_json_objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects in a text that stand alone or on a line of their own."""
    found = []
    for part in (text, *text.splitlines()):
        start = part.find("{")
        if start < 0:
            continue
        try:
            value, _ = json.JSONDecoder().raw_decode(part[start:])
        except ValueError:
            continue
        if isinstance(value, dict) and value not in found:
            found.append(value)
    return found


def _message_shape(message: Message, names: Mapping[str, str]) -> str:
    speaker = speaker_for(message, names)
    if speaker == "customer":
        return speaker
    if not speaker.startswith("tool "):
        return ""
    result = next(iter(parse_json_objects(message_text(message))), {})
    outcome = "ok" if result.get("ok") else str(result.get("erro", "?"))
    return f"{speaker.removeprefix('tool ')}={outcome}"


def _is_server_text(text: str) -> bool:
    """Whether the product wrote the text: its notes have the role of the user."""
    return text.lstrip().startswith((_SERVER_PREFIX, "SITUAÇÃO DO ATENDIMENTO"))


def _without_systems(messages: Sequence[Message]) -> list[Message]:
    return [each for each in messages if each.get("role") != "system"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _prompt_text(body: Mapping[str, Any]) -> str:
    """The text in the order in which endpoints read it: tools, then messages."""
    parts = [*(body.get("tools") or ()), *(body.get("messages") or ())]
    return "\n".join(map(_json, parts))


def _common_prefix_length(one: str, other: str) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))
