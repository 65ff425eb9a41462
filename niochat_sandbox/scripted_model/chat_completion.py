"""One completion in OpenAI's format, whole or streamed: a text or a tool call."""

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from niochat_sandbox.scripted_model.chat_request import ChatRequest
from niochat_sandbox.scripted_model.fixed_replies import extract_text
from niochat_sandbox.scripted_model.model_actions import ModelAction, ScriptedToolCall, TextReply

_ARGUMENTS_CHUNK = 12


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text at four characters each."""
    return (len(text) + 3) // 4


def count_prompt_tokens(request: ChatRequest) -> int:
    """Estimate the input tokens: texts, arguments of earlier calls and schemas of the tools."""
    texts = sum(estimate_tokens(extract_text(each.get("content"))) for each in request.messages)
    calls = [call["function"] for each in request.messages for call in each.get("tool_calls") or ()]
    arguments = sum(estimate_tokens(call["name"] + call["arguments"]) for call in calls)
    schemas = estimate_tokens(orjson.dumps(request.tools).decode()) if request.tools else 0
    return texts + arguments + schemas


@dataclass(frozen=True, slots=True)
class ScriptedCompletion:
    """One completion; ids and time are set when it is created."""

    model: str
    action: ModelAction
    prompt_tokens: int
    cached_tokens: int = 0
    id: str = field(default_factory=lambda: "chatcmpl-" + secrets.token_hex(12))
    call_id: str = field(default_factory=lambda: "call_" + secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def format_usage(self) -> dict[str, Any]:
        match self.action:
            case TextReply(text):
                output_tokens = estimate_tokens(text)
            case ScriptedToolCall(name, arguments):
                output_tokens = estimate_tokens(name + arguments)
        total = self.prompt_tokens + output_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }

    def format_response(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        match self.action:
            case TextReply(text):
                message["content"] = text
            case ScriptedToolCall(name, arguments):
                message["tool_calls"] = [self._call(name, arguments)]
        reason = self._reason()
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.format_usage()}

    def iter_chunks(self, *, with_usage: bool) -> list[dict[str, Any]]:
        """The chunks of a stream: role, content, the end, and the usage if requested."""
        head = self._head("chat.completion.chunk")
        deltas: list[tuple[dict[str, Any], str | None]]
        deltas = [(delta, None) for delta in self._deltas()]
        deltas.append(({}, self._reason()))
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in deltas
        ]
        if with_usage:
            chunks = [{**chunk, "usage": None} for chunk in chunks]
            chunks.append({**head, "choices": [], "usage": self.format_usage()})
        return chunks

    def _deltas(self) -> list[dict[str, Any]]:
        """Split a text into words; a call into its id and name, then parts of its arguments."""
        match self.action:
            case TextReply(text):
                words = [{"content": word} for word in re.findall(r"\s*\S+", text)]
                return [{"role": "assistant"}, *words]
            case ScriptedToolCall(name, arguments):
                starts = range(0, len(arguments), _ARGUMENTS_CHUNK)
                parts = [arguments[start : start + _ARGUMENTS_CHUNK] for start in starts]
                first = {"index": 0, **self._call(name, "")}
                later = [{"index": 0, "function": {"arguments": part}} for part in parts]
                calls = [{"tool_calls": [each]} for each in (first, *later)]
                return [{"role": "assistant", "content": None}, *calls]

    def _call(self, name: str, arguments: str) -> dict[str, Any]:
        function = {"name": name, "arguments": arguments}
        return {"id": self.call_id, "type": "function", "function": function}

    def _reason(self) -> str:
        return "tool_calls" if isinstance(self.action, ScriptedToolCall) else "stop"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}
