"""Validation of chat completion requests; errors are those of OpenAI.

Source: OpenAI's API reference, "Create chat completion", and the messages of the API itself.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.model_errors import ModelApiError, build_field_error

_ROLES = ("system", "developer", "user", "assistant", "tool")
_CHOICES = ("none", "auto", "required")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A validated request. ``offered``: the tools that may be called now.

    With ``tool_choice`` "none" no tool is offered. "required" and a named function are treated as
    "auto", because the rules cannot invent a call.
    """

    model: str
    messages: list[JsonObject]
    tools: list[JsonObject]
    offered: frozenset[str]


def parse_chat_request(body: JsonObject, default_model: str) -> ChatRequest:
    """Validate a body; ``default_model`` is used if it names no model."""
    messages = _parse_messages(body.get("messages"))
    tools = _parse_tools(body)
    names = frozenset(tool["function"]["name"] for tool in tools)
    model = body.get("model")
    return ChatRequest(
        model if isinstance(model, str) else default_model,
        messages,
        tools,
        frozenset() if _parse_tool_choice(body, names) == "none" else names,
    )


def _parse_messages(messages: Any) -> list[JsonObject]:
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise build_field_error(
            "messages", "Invalid type for 'messages': expected an array of objects."
        )
    if not messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise build_field_error("messages", message, "empty_array")
    for index, message in enumerate(messages):
        _check_message(f"messages[{index}]", message)
    _check_order(messages)
    return messages


def _check_message(where: str, message: JsonObject) -> None:
    role = message.get("role")
    if role not in _ROLES:
        known = ", ".join(f"'{each}'" for each in _ROLES)
        raise build_field_error(
            f"{where}.role",
            f"Invalid value: '{role}'. Supported values are: {known}.",
            "invalid_value",
        )
    if "tool_calls" in message and role == "assistant":
        _check_calls(f"{where}.tool_calls", message["tool_calls"])
    _check_content(where, message)
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        message_ = f"Missing required parameter: '{where}.tool_call_id'."
        raise build_field_error(f"{where}.tool_call_id", message_, "missing_required_parameter")


def _check_content(where: str, message: JsonObject) -> None:
    content = message.get("content")
    if isinstance(content, str) or (content is None and message.get("tool_calls")):
        return
    parts = content if isinstance(content, list) else [None]
    if not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in parts):
        raise build_field_error(
            f"{where}.content",
            f"Invalid type for '{where}.content': expected a string or an array of parts.",
        )


def _check_calls(where: str, calls: Any) -> None:
    if not isinstance(calls, list) or not calls:
        raise build_field_error(
            where, f"Invalid '{where}': expected a non-empty array.", "empty_array"
        )
    for index, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        fields = (function.get("name"), function.get("arguments")) if _is_object(function) else ()
        complete = len(fields) == 2 and all(isinstance(each, str) for each in fields)
        if not complete or not isinstance(call.get("id"), str) or call.get("type") != "function":
            raise build_field_error(
                f"{where}[{index}]", f"Invalid tool call at '{where}[{index}]'."
            )


def _check_order(messages: list[JsonObject]) -> None:
    """Check that every call is followed by its result, and that no other message is a result."""
    expected: set[str] = set()
    answered: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] != "tool":
            _check_no_missing_results(expected - answered)
            calls = message.get("tool_calls") if message["role"] == "assistant" else None
            expected, answered = {call["id"] for call in calls or ()}, set()
        elif message["tool_call_id"] in expected:
            answered.add(message["tool_call_id"])
        else:
            raise build_field_error(
                f"messages.[{index}].role",
                "Invalid parameter: messages with role 'tool' must be a response to a "
                "preceeding message with 'tool_calls'.",
                None,
            )
    _check_no_missing_results(expected - answered)


def _check_no_missing_results(missing: set[str]) -> None:
    if missing:
        raise ModelApiError(
            400,
            "An assistant message with 'tool_calls' must be followed by tool messages "
            "responding to each 'tool_call_id'. The following tool_call_ids did not have "
            f"response messages: {', '.join(sorted(missing))}",
            param="messages",
        )


def _parse_tools(body: JsonObject) -> list[JsonObject]:
    tools = body.get("tools")
    if tools is None:
        return []
    if not isinstance(tools, list) or not tools:
        raise build_field_error(
            "tools", "Invalid 'tools': expected a non-empty array.", "empty_array"
        )
    for index, tool in enumerate(tools):
        _check_tool(f"tools[{index}]", tool)
    return tools


def _check_tool(where: str, tool: Any) -> None:
    function = tool.get("function") if _is_object(tool) else None
    if not _is_object(function) or tool.get("type") != "function":
        raise build_field_error(where, f"Invalid tool at '{where}': expected a function.")
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise build_field_error(f"{where}.function.name", f"Invalid '{where}.function.name'.")
    if not _is_object(function.get("parameters", {})):
        raise build_field_error(
            f"{where}.function.parameters", f"Invalid schema for function '{name}'."
        )


def _parse_tool_choice(body: JsonObject, names: frozenset[str]) -> str:
    choice = body.get("tool_choice")
    if choice is None:
        return "auto"
    if not names and choice != "none":
        message = "'tool_choice' is only allowed when 'tools' are specified."
        raise build_field_error("tool_choice", message, None)
    if choice in _CHOICES:
        return str(choice)
    function = choice.get("function") if _is_object(choice) else None
    if not _is_object(function) or function.get("name") not in names:
        raise build_field_error("tool_choice", "Invalid value for 'tool_choice'.", "invalid_value")
    return "auto"


def _is_object(value: Any) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)
