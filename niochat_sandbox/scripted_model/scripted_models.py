"""The scripted models by name: the honest, the obedient and the stubborn one."""

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
from niochat_sandbox.scripted_model.flows.rating_flow import judge_evaluation
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
    """The models' names; an unknown name is answered by the honest model."""

    HONEST = "sandbox-simulador"
    FOOLED = "sandbox-obediente"
    STUBBORN = "sandbox-teimoso"


@dataclass(frozen=True, slots=True)
class InjectedInstructions:
    """The actions that a customer's ``OBEDECE: <json>`` makes an obedient model do.

    ``{"calls": [{"name": …, "arguments": {…}} or {"name": …, "raw": "…"}], "text": "…"}``: one call
    per step, then the text. ``raw`` is sent unchanged and may be invalid JSON.
    """

    calls: tuple[ScriptedToolCall, ...]
    text: str


def choose_action(request: ChatRequest) -> ModelAction:
    """The next action of the request's model."""
    evaluation = judge_evaluation(request)
    if evaluation is not None:
        return TextReply(evaluation)
    if request.model in (ScriptedModelName.FOOLED, ScriptedModelName.STUBBORN):
        instructions = parse_injected_instructions(request.messages)
        if instructions:
            return _obey_instructions(instructions, request)
    return _run_flows(request)


def parse_injected_instructions(messages: list[JsonObject]) -> InjectedInstructions | None:
    """Parse the instructions in the customer's last text; None without valid instructions."""
    texts = [extract_text(each.get("content")) for each in messages if is_customer_message(each)]
    _, found, rest = texts[-1].partition(_ORDER) if texts else ("", "", "")
    if not found:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(rest.lstrip())
        calls = tuple(_parse_call(each) for each in data.get("calls", ()))
        return InjectedInstructions(calls, str(data.get("text", _DONE)))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None  # not valid instructions: the rules answer the text


def _obey_instructions(instructions: InjectedInstructions, request: ChatRequest) -> ModelAction:
    """Make one call per step; reply with the text after the last call, or without tools."""
    if not request.offered or not instructions.calls:
        return TextReply(instructions.text)
    if request.model == ScriptedModelName.STUBBORN:
        return instructions.calls[0]
    steps = sum(1 for message in messages_of_turn(request.messages) if message.get("tool_calls"))
    return (
        instructions.calls[steps]
        if steps < len(instructions.calls)
        else TextReply(instructions.text)
    )


def _run_flows(request: ChatRequest) -> ModelAction:
    """Apply the flows; tagged texts and requests without tools get a fixed reply."""
    view = build_turn_view(request.messages, request.offered)
    tagged = has_tag("\n".join(find_unanswered_texts(request.messages)))
    if not view.refused and (tagged or not request.tools):
        return TextReply(build_reply(request.messages))
    return next_action(view)


def _parse_call(call: dict[str, Any]) -> ScriptedToolCall:
    if "raw" in call:
        return ScriptedToolCall(call["name"], str(call["raw"]))
    return build_tool_call(call["name"], **call.get("arguments", {}))
