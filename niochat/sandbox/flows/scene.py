"""What a rule sees of a request: situation, transcript, this turn's results, tools offered."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from niochat.sandbox.flows.actions import Tool
from niochat.sandbox.flows.questions import Question, open_question
from niochat.sandbox.flows.words import Intent, intent_of, newest_intent
from niochat.sandbox.replies import CORRECTION, SITUATION, is_customers, text_of
from niochat.sandbox.rim import Body

_GREETING = re.compile(
    r"^(?:sauda[cç][aã]o:\s*)?((?:ol[aá]|oi|bom dia|boa tarde|boa noite|bem-vind|seja bem)\b.*)$"
    r"|^sauda[cç][aã]o:\s*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)


class Speaker(StrEnum):
    """Who said a line of the transcript."""

    CUSTOMER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the transcript."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered in this turn; `data` is empty when that was no JSON object."""

    tool: str
    data: Body

    @property
    def ok(self) -> bool:
        return self.data.get("ok") is True

    @property
    def error(self) -> str:
        return str(self.data.get("erro", ""))


@dataclass(frozen=True, slots=True)
class Scene:
    """One request. `situation` is the contract's JSON, empty when there was none."""

    lines: tuple[Line, ...] = ()
    situation: Body = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    offered: frozenset[str] = frozenset()
    greeting: str = ""
    refused: bool = False

    @property
    def said(self) -> str:
        """The customer's texts since the assistant's last one."""
        return "\n".join(line.text for line in self.lines[self._answered() :])

    @property
    def asked(self) -> str:
        """The assistant's texts just before what the customer said."""
        texts: list[str] = []
        for line in reversed(self.lines[: self._answered()]):
            if line.speaker is Speaker.CUSTOMER:
                break
            texts.append(line.text)
        return "\n".join(reversed(texts))

    @property
    def question(self) -> Question | None:
        """What the customer was asked and may be answering."""
        return open_question(self.asked)

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything the customer wrote, oldest first."""
        return tuple(line.text for line in self.lines if line.speaker is Speaker.CUSTOMER)

    @property
    def opening(self) -> bool:
        """Whether the assistant has not said anything yet."""
        return all(line.speaker is Speaker.CUSTOMER for line in self.lines)

    @property
    def contract(self) -> Body | None:
        """The confirmed contract, by this turn or an earlier one."""
        chosen = self.succeeded(Tool.CHOOSE_CONTRACT).get("contrato")
        known = chosen or self.situation.get("contrato")
        return known if isinstance(known, dict) else None

    @property
    def blocked(self) -> bool:
        return bool((self.contract or {}).get("bloqueado"))

    @property
    def awaiting(self) -> str | None:
        """`confirmacao` or `escolha` while a contract was shown and not confirmed."""
        awaited = self.situation.get("aguardando")
        return awaited if isinstance(awaited, str) else None

    @property
    def wish(self) -> Intent | None:
        """What the customer wants now: said just now, kept by the system, or said before."""
        kept = self.succeeded(Tool.CHOOSE_CONTRACT).get("desejo") or self.situation.get("desejo")
        known = Intent(kept) if kept in set(Intent) else None
        return intent_of(self.said) or known or newest_intent(self.texts)

    def since(self, intent: Intent) -> tuple[str, ...]:
        """The customer's texts from the newest one that has the intent on."""
        for at in range(len(self.texts) - 1, -1, -1):
            if intent_of(self.texts[at]) is intent:
                return self.texts[at:]
        return ()

    def succeeded(self, tool: Tool) -> Body:
        """The tool's newest good result of this turn, or an empty one."""
        good = [result.data for result in self.results if result.tool == tool and result.ok]
        return good[-1] if good else {}

    def offers(self, tool: Tool) -> bool:
        return tool in self.offered

    def _answered(self) -> int:
        for at in range(len(self.lines), 0, -1):
            if self.lines[at - 1].speaker is Speaker.ASSISTANT:
                return at
        return 0


_HEARD = "⟦áudio⟧ "
"""In front of what was said in a voice note."""


def read_scene(messages: list[Body], offered: frozenset[str]) -> Scene:
    """The scene of a checked request; messages in the order of the tools' contract."""
    systems = [text_of(each.get("content")) for each in messages if _is_system(each)]
    last = text_of(messages[-1].get("content")) if messages else ""
    return Scene(
        lines=tuple(_lines(messages)),
        situation=_situation(messages),
        results=tuple(_results(messages)),
        offered=offered,
        greeting=_greeting(systems),
        refused=last.startswith(CORRECTION),
    )


def this_turn(messages: list[Body]) -> list[Body]:
    """The messages after the customer's last one."""
    asked = [at for at, message in enumerate(messages) if is_customers(message)]
    return messages[asked[-1] + 1 :] if asked else messages


def _is_system(message: Body) -> bool:
    return message.get("role") in ("system", "developer")


def _lines(messages: list[Body]) -> list[Line]:
    """What was said; the message of a tool call is part of the turn, not said."""
    return [
        Line(Speaker(message["role"]), text_of(message.get("content")).removeprefix(_HEARD))
        for message in messages
        if is_customers(message)
        or (message.get("role") == Speaker.ASSISTANT and not message.get("tool_calls"))
    ]


def _results(messages: list[Body]) -> list[Result]:
    names: dict[str, str] = {}
    results: list[Result] = []
    for message in this_turn(messages):
        for made in message.get("tool_calls") or ():
            names[made["id"]] = made["function"]["name"]
        if message.get("role") == "tool":
            name = names.get(message["tool_call_id"], "")
            results.append(Result(name, _object(text_of(message.get("content")))))
    return results


def _situation(messages: list[Body]) -> Body:
    texts = (text_of(each.get("content")) for each in reversed(messages))
    told = next((text for text in texts if text.startswith(SITUATION)), "")
    return _object(told.removeprefix(SITUATION))


def _greeting(systems: list[str]) -> str:
    """A line of the system prompt that begins as a greeting, or follows `Saudação:`."""
    found = _GREETING.search(systems[0]) if systems else None
    return (found[1] or found[2]).strip() if found else ""


def _object(text: str) -> Body:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}  # as a model would: what it cannot read tells it nothing
    return data if isinstance(data, dict) else {}
