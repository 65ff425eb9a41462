"""The simulated models by name: the honest one, the fooled one and the stubborn one."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.chat_request import ChatRequest
from niochat_sandbox.scripted_model.fixed_replies import (
    build_reply,
    extract_text,
    find_unanswered_texts,
    has_tag,
    is_customer_message,
)
from niochat_sandbox.scripted_model.flows.flow_rules import next_action
from niochat_sandbox.scripted_model.model_actions import (
    ModelAction,
    ScriptedToolCall,
    TextReply,
    build_tool_call,
)
from niochat_sandbox.scripted_model.turn_view import build_turn_view, messages_of_turn

_ORDER = "OBEDECE:"
_DONE = "Pronto."


class ScriptedModelName(StrEnum):
    """The models' names; any other name is played by the first."""

    HONEST = "sandbox-simulador"
    FOOLED = "sandbox-obediente"
    STUBBORN = "sandbox-teimoso"


@dataclass(frozen=True, slots=True)
class InjectedInstructions:
    """What a customer's `OBEDECE: <json>` makes a fooled model do.

    ``{"calls": [{"name": …, "arguments": {…}} or {"name": …, "raw": "…"}], "text": "…"}``:
    the calls one a step, then the text. `raw` goes out as it is, so it may be no JSON.
    """

    calls: tuple[ScriptedToolCall, ...]
    text: str


def choose_action(request: ChatRequest) -> ModelAction:
    """The next action of the request's model."""
    if request.model in (ScriptedModelName.FOOLED, ScriptedModelName.STUBBORN):
        order = parse_injected_instructions(request.messages)
        if order:
            return _obey_instructions(order, request)
    return _run_flows(request)


def parse_injected_instructions(messages: list[JsonObject]) -> InjectedInstructions | None:
    """The order in the customer's last text; None without one, or when it is no such JSON."""
    texts = [extract_text(each.get("content")) for each in messages if is_customer_message(each)]
    _, found, rest = texts[-1].partition(_ORDER) if texts else ("", "", "")
    if not found:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(rest.lstrip())
        calls = tuple(_parse_call(each) for each in data.get("calls", ()))
        return InjectedInstructions(calls, str(data.get("text", _DONE)))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None  # not an order in its form: the rules answer the text


def _obey_instructions(order: InjectedInstructions, request: ChatRequest) -> ModelAction:
    """One call a step; without tools, and after the last call, the text."""
    if not request.offered or not order.calls:
        return TextReply(order.text)
    if request.model == ScriptedModelName.STUBBORN:
        return order.calls[0]
    steps = sum(1 for message in messages_of_turn(request.messages) if message.get("tool_calls"))
    return order.calls[steps] if steps < len(order.calls) else TextReply(order.text)


def _run_flows(request: ChatRequest) -> ModelAction:
    """By the flows; a tagged text, and a request without tools, by the plain replies."""
    scene = build_turn_view(request.messages, request.offered)
    tagged = has_tag("\n".join(find_unanswered_texts(request.messages)))
    if not scene.refused and (tagged or not request.tools):
        return TextReply(build_reply(request.messages))
    return next_action(scene)


def _parse_call(described: dict[str, Any]) -> ScriptedToolCall:
    if "raw" in described:
        return ScriptedToolCall(described["name"], str(described["raw"]))
    return build_tool_call(described["name"], **described.get("arguments", {}))
