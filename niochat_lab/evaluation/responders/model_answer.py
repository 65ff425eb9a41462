"""The answer of a responder, validated before the assistant gets it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from niochat.domain.errors import NiochatError
from niochat_lab.evaluation.responders.model_request import ModelRequest


class ResponderRefusedError(NiochatError):
    """The endpoint rejected the request; ``body`` is its error in OpenAI's format."""

    def __init__(self, message: str, *, status: int = 400, body: object = None) -> None:
        super().__init__(message, code="no_answer")
        self.status = status
        self.body = body or {"error": {"message": message, "type": "invalid_request_error"}}


class InvalidAnswerError(NiochatError):
    """The answer is invalid; ``problems`` are sentences for the responder."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), code="bad_answer")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class RequestedToolCall:
    """A requested tool call. ``arguments``: an object, or the invalid text that a model wrote."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)

    @property
    def arguments_json(self) -> str:
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """Text, calls or both. ``usage``: the endpoint's count, if there is one."""

    text: str = ""
    calls: tuple[RequestedToolCall, ...] = ()
    model: str = ""
    finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def as_text(self) -> str:
        """All output as text, for the token estimate."""
        return self.text + "".join(f"{call.name}{call.arguments_json}" for call in self.calls)


def parse_model_answer(data: object, request: ModelRequest, id_: str) -> ModelAnswer:
    """Parse an answer ``{id, text?, calls?: [{name, arguments}]}``. Raises
    ``InvalidAnswerError``.
    """
    if not isinstance(data, Mapping):
        raise InvalidAnswerError(["the answer must be an object {id, text?, calls?}"])
    problems = [f"unknown key {key}" for key in data if key not in ("id", "text", "calls")]
    if data.get("id") != id_:
        problems.append(f"id must be {id_}: this answers another request")
    text, calls = data.get("text") or "", data.get("calls") or []
    if not isinstance(text, str):
        problems.append("text must be a string")
    if not isinstance(calls, list):
        problems.append("calls must be a list of {name, arguments}")
        calls = []
    for number, call in enumerate(calls):
        problems += [f"calls[{number}]: {problem}" for problem in _check_call(call, request)]
    if not problems and not text.strip() and not calls:
        problems.append("text or calls is required")
    if problems:
        raise InvalidAnswerError(problems)
    return ModelAnswer(
        text, tuple(RequestedToolCall(call["name"], call.get("arguments") or {}) for call in calls)
    )


def _check_call(call: object, request: ModelRequest) -> list[str]:
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        return ["must be {name, arguments}"]
    offered = {str(tool["name"]): tool for tool in request.tools}
    tool = offered.get(call["name"])
    if tool is None:
        return [f"{call['name']} is not offered; offered: {', '.join(offered) or 'no tool'}"]
    arguments = call.get("arguments") or {}
    if not isinstance(arguments, Mapping):
        return ["arguments must be an object"]
    schema = tool.get("parameters") or {}
    known = schema.get("properties") or {}
    problems = [f"{tool['name']} has no argument {name}" for name in arguments if name not in known]
    return problems + [
        f"{tool['name']} needs {name}"
        for name in schema.get("required") or ()
        if name not in arguments
    ]


def build_completion_body(answer: ModelAnswer, request: ModelRequest) -> dict[str, Any]:
    """The answer as a completion in OpenAI's format."""
    calls = [
        {
            "id": f"call_{request.number}_{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments_json},
        }
        for number, call in enumerate(answer.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if calls:
        message["tool_calls"] = calls
    finish = answer.finish or ("tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-{request.conversation}-{request.number}",
        "object": "chat.completion",
        "created": 0,
        "model": answer.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage_for(answer, request),
    }


def usage_for(answer: ModelAnswer, request: ModelRequest) -> dict[str, Any]:
    """The endpoint's usage, or an estimate at four characters per token."""
    if answer.usage:
        return dict(answer.usage)
    output_tokens = (len(answer.as_text) + 3) // 4
    return {
        "prompt_tokens": request.tokens,
        "completion_tokens": output_tokens,
        "total_tokens": request.tokens + output_tokens,
        "prompt_tokens_details": {"cached_tokens": request.cached},
    }
