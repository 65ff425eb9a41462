"""Requests of the tools' contract in few words, for the tables of the flows' tests."""

from typing import Any

import orjson

from niochat_sandbox.scripted_model.flows.flow_rules import next_action
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.turn_view import build_turn_view

CPF = "529.982.247-25"
DIGITS = "52998224725"
CONTRACT = {"opcao": 1, "contrato": "5501", "situacao": "Ativo", "bloqueado": False}
BLOCKED = {**CONTRACT, "situacao": "Suspenso", "bloqueado": True}
KNOWN: dict[str, Any] = {"identificado": True, "contrato": CONTRACT}
SUSPENDED: dict[str, Any] = {"identificado": True, "contrato": BLOCKED}
CONFIRMING: dict[str, Any] = {"identificado": True, "aguardando": "confirmacao"}
CHOOSING: dict[str, Any] = {"identificado": True, "aguardando": "escolha"}

EVERY_TOOL = frozenset(ToolName)
WITHOUT_ERP = frozenset({ToolName.TRANSFER, ToolName.CLOSE})

Given = tuple[str, dict[str, Any]]


def build_ok_result(tool: ToolName, **data: Any) -> Given:
    return tool, {"ok": True, **data}


def build_error_result(tool: ToolName, error: str, **data: Any) -> Given:
    return tool, {"ok": False, "erro": error, **data}


def build_messages(
    *lines: str,
    situation: dict[str, Any] | None = None,
    results: tuple[Given, ...] = (),
    prompt: str = "Você atende.",
) -> list[dict[str, Any]]:
    """A request's messages; a line that begins with `> ` was said by the assistant."""
    told: list[dict[str, Any]] = [{"role": "system", "content": prompt}]
    told += [_line(line) for line in lines]
    if situation is not None:
        known = f"⟦situação⟧ {orjson.dumps(situation).decode()}"
        told.append({"role": "user", "content": known})
    for at, (tool, data) in enumerate(results):
        told += build_call_with_result(f"call_{at}", tool, data)
    return told


def build_call_with_result(call_id: str, tool: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    """One call of this turn with its result."""
    made = {"id": call_id, "type": "function", "function": {"name": tool, "arguments": "{}"}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": call_id, "content": orjson.dumps(data).decode()},
    ]


def next_action_for(*lines: str, offered: frozenset[str] = EVERY_TOOL, **more: Any) -> ModelAction:
    """What the model does next."""
    return next_action(build_turn_view(build_messages(*lines, **more), offered))


def next_text_for(*lines: str, **more: Any) -> str:
    """The final text. Fails when a tool is called instead."""
    action = next_action_for(*lines, **more)
    assert isinstance(action, TextReply), action
    return action.text


def _line(line: str) -> dict[str, Any]:
    if line.startswith("> "):
        return {"role": "assistant", "content": line[2:]}
    return {"role": "user", "content": line}
