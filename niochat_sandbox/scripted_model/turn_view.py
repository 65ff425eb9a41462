"""The parts of a request that the rules read: state note, transcript, tool results, tools."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.fixed_replies import (
    CORRECTION,
    SITUATION,
    extract_text,
    is_customer_message,
)
from niochat_sandbox.scripted_model.keyword_matching import (
    ScriptedIntent,
    find_newest_intent,
    parse_intent,
)
from niochat_sandbox.scripted_model.model_actions import ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion, find_open_question

_GREETING = re.compile(
    r"^(?:sauda[cç][aã]o:\s*)?((?:ol[aá]|oi|bom dia|boa tarde|boa noite|bem-vind|seja bem)\b.*)$"
    r"|^sauda[cç][aã]o:\s*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)


class Speaker(StrEnum):
    """The author of a line of the transcript."""

    CUSTOMER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """One message of the transcript."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class ScriptedToolResult:
    """The result of a tool in this turn; ``data`` is empty if it was no JSON object."""

    tool: str
    data: JsonObject

    @property
    def ok(self) -> bool:
        return self.data.get("ok") is True

    @property
    def error(self) -> str:
        return str(self.data.get("erro", ""))


@dataclass(frozen=True, slots=True)
class TurnView:
    """One request. ``situation``: the JSON of the state note, or empty."""

    lines: tuple[DialogueLine, ...] = ()
    situation: JsonObject = field(default_factory=dict)
    results: tuple[ScriptedToolResult, ...] = ()
    offered: frozenset[str] = frozenset()
    greeting: str = ""
    refused: bool = False

    @property
    def latest_customer_text(self) -> str:
        """The customer's texts since the assistant's last text."""
        return "\n".join(line.text for line in self.lines[self._latest_customer_index() :])

    @property
    def latest_assistant_text(self) -> str:
        """The assistant's texts immediately before the customer's newest ones."""
        texts: list[str] = []
        for line in reversed(self.lines[: self._latest_customer_index()]):
            if line.speaker is Speaker.CUSTOMER:
                break
            texts.append(line.text)
        return "\n".join(reversed(texts))

    @property
    def open_question(self) -> ModelQuestion | None:
        """The question that the customer may be answering."""
        return find_open_question(self.latest_assistant_text)

    @property
    def customer_texts(self) -> tuple[str, ...]:
        """All texts of the customer, oldest first."""
        return tuple(line.text for line in self.lines if line.speaker is Speaker.CUSTOMER)

    @property
    def is_first_reply(self) -> bool:
        """Whether the assistant has not written yet."""
        return all(line.speaker is Speaker.CUSTOMER for line in self.lines)

    @property
    def contract(self) -> JsonObject | None:
        """The contract confirmed in this turn or an earlier one."""
        selected = self.successful_result(ToolName.CHOOSE_CONTRACT).get("contrato")
        known = selected or self.situation.get("contrato")
        return known if isinstance(known, dict) else None

    @property
    def blocked(self) -> bool:
        return bool((self.contract or {}).get("bloqueado"))

    @property
    def awaiting(self) -> str | None:
        """``confirmacao`` or ``escolha`` while contracts were shown and none is confirmed."""
        awaited = self.situation.get("aguardando")
        return awaited if isinstance(awaited, str) else None

    @property
    def intent(self) -> ScriptedIntent | None:
        """The current intent: stated now, stored by the product, or stated earlier."""
        stored = self.successful_result(ToolName.CHOOSE_CONTRACT).get(
            "desejo"
        ) or self.situation.get("desejo")
        known = ScriptedIntent(stored) if stored in set(ScriptedIntent) else None
        return (
            parse_intent(self.latest_customer_text)
            or known
            or find_newest_intent(self.customer_texts)
        )

    def texts_since_intent(self, intent: ScriptedIntent) -> tuple[str, ...]:
        """The customer's texts from the newest one with this intent on."""
        for index in range(len(self.customer_texts) - 1, -1, -1):
            if parse_intent(self.customer_texts[index]) is intent:
                return self.customer_texts[index:]
        return ()

    def successful_result(self, tool: ToolName) -> JsonObject:
        """The tool's newest successful result in this turn, or an empty one."""
        good = [result.data for result in self.results if result.tool == tool and result.ok]
        return good[-1] if good else {}

    def has_tool(self, tool: ToolName) -> bool:
        return tool in self.offered

    def _latest_customer_index(self) -> int:
        for index in range(len(self.lines), 0, -1):
            if self.lines[index - 1].speaker is Speaker.ASSISTANT:
                return index
        return 0


_VOICE_NOTE_PREFIX = "⟦áudio⟧ "
"""The prefix of a transcribed voice note."""


def build_turn_view(messages: list[JsonObject], offered: frozenset[str]) -> TurnView:
    """Build the view of a validated request."""
    systems = [extract_text(each.get("content")) for each in messages if _is_system(each)]
    last = extract_text(messages[-1].get("content")) if messages else ""
    return TurnView(
        lines=tuple(_parse_lines(messages)),
        situation=_parse_situation(messages),
        results=tuple(_parse_results(messages)),
        offered=offered,
        greeting=_find_greeting(systems),
        refused=last.startswith(CORRECTION),
    )


def messages_of_turn(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages after the customer's last one."""
    customer_indexes = [
        index for index, message in enumerate(messages) if is_customer_message(message)
    ]
    return messages[customer_indexes[-1] + 1 :] if customer_indexes else messages


def _is_system(message: JsonObject) -> bool:
    return message.get("role") in ("system", "developer")


def _parse_lines(messages: list[JsonObject]) -> list[DialogueLine]:
    """The lines of the transcript; messages with tool calls are not part of it."""
    return [
        DialogueLine(
            Speaker(message["role"]),
            extract_text(message.get("content")).removeprefix(_VOICE_NOTE_PREFIX),
        )
        for message in messages
        if is_customer_message(message)
        or (message.get("role") == Speaker.ASSISTANT and not message.get("tool_calls"))
    ]


def _parse_results(messages: list[JsonObject]) -> list[ScriptedToolResult]:
    names: dict[str, str] = {}
    results: list[ScriptedToolResult] = []
    for message in messages_of_turn(messages):
        for call in message.get("tool_calls") or ():
            names[call["id"]] = call["function"]["name"]
        if message.get("role") == "tool":
            name = names.get(message["tool_call_id"], "")
            results.append(
                ScriptedToolResult(name, _parse_object(extract_text(message.get("content"))))
            )
    return results


def _parse_situation(messages: list[JsonObject]) -> JsonObject:
    texts = (extract_text(each.get("content")) for each in reversed(messages))
    note = next((text for text in texts if text.startswith(SITUATION)), "")
    return _parse_object(note.removeprefix(SITUATION))


def _find_greeting(systems: list[str]) -> str:
    """The line of the system prompt that begins as a greeting, or follows ``Saudação:``."""
    found = _GREETING.search(systems[0]) if systems else None
    return (found[1] or found[2]).strip() if found else ""


def _parse_object(text: str) -> JsonObject:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}  # a model would ignore what it cannot read
    return data if isinstance(data, dict) else {}
