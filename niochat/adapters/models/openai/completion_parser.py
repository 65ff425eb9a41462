"""Parses completions of any server leniently: whole responses and streamed chunks."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from niochat.adapters.models.openai.completion_types import ModelCompletion, ModelToolCall
from niochat.adapters.models.openai.control_tokens import (
    extract_tool_calls,
    strip_control_tokens,
    strip_partial_text,
)
from niochat.adapters.models.openai.tool_call_arguments import is_complete, repair_arguments

_MAX_TOKENS = 2**31
_CACHED = ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
"""The fields in which DeepSeek, Anthropic (also through LiteLLM) and Moonshot report cached tokens.
OpenAI reports them in an object, ``prompt_tokens_details``.
"""
_TEXT_PARTS = frozenset({"text", "output_text", "input_text", ""})
_THINKING = ("reasoning_content", "reasoning", "thinking", "thinking_content")
_FINISHES = {
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "safety": "content_filter",
    "recitation": "content_filter",
    "refusal": "content_filter",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
}
_PREFIXES = ("functions.", "default_api.", "default_api:", "tools.")


@dataclass(slots=True)
class _PartialToolCall:
    id: str
    name: str
    arguments: object
    index: int | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class CompletionAccumulator:
    """Accumulates a completion from a whole response or from the chunks of a stream."""

    model: str
    tool_names: frozenset[str]
    """The names of the tools in the request."""
    text: str = ""
    thinking: str = ""
    refusal: str = ""
    finish: str = ""
    tokens: tuple[int, int, int] = (0, 0, 0)
    calls: list[_PartialToolCall] = field(default_factory=list)

    def add_response(self, response: Mapping[str, Any]) -> None:
        """Add a whole response. Raises ``KeyError``, ``TypeError``, ``IndexError`` or
        ``AttributeError`` when it has another shape.
        """
        choices = response["choices"]
        messages = [choice["message"] for choice in [choices[0], *choices[1:]]]
        for message in messages:
            message.keys()
        best = next((each for each in messages if _has_content(each)), messages[0])
        self._add_content(best)
        # Some servers put the text into one choice and the calls into another.
        calling = next((each for each in messages if _tool_calls_in(each)), best)
        for call in _tool_calls_in(calling):
            self._add_call(*_parse_tool_call(call), merge=False)
        self._set_finish(choices[0].get("finish_reason"))
        self._set_usage(response)

    def add_chunk(self, chunk: Mapping[str, Any]) -> bool:
        """Add a chunk of a stream. Returns whether the visible text grew."""
        self._set_usage(chunk)
        before = len(self.text)
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, Mapping) or choice.get("index") not in (None, 0):
                continue
            delta = choice.get("delta") or choice.get("message") or {}
            if isinstance(delta, Mapping):
                self._add_content(delta)
                for call in _tool_calls_in(delta):
                    self._add_call(*_parse_tool_call(call), merge=True)
            self._set_finish(choice.get("finish_reason"))
        return len(self.text) > before

    def visible_text(self) -> str:
        """The text so far, without thinking, control tokens and calls that are written as text."""
        return strip_partial_text(self.text)

    def to_completion(self) -> ModelCompletion:
        """The completion, with repaired tool calls."""
        calls = self._finish_calls()
        text = self.text
        if not calls:
            text, text_calls = extract_tool_calls(text, self.tool_names)
            calls = [ModelToolCall(f"call_{n}", *call) for n, call in enumerate(text_calls)]
        return ModelCompletion(
            strip_control_tokens(text),
            self.model,
            *self.tokens[:2],
            tuple(calls),
            self.finish,
            self.refusal,
            tokens_cached=self.tokens[2],
        )

    def _add_content(self, message: Mapping[str, Any]) -> None:
        text, thinking, refusal = _split_content(message.get("content"))
        self.text += text
        self.refusal += refusal
        if isinstance(message.get("refusal"), str):
            self.refusal += message["refusal"]
        thinking_field = next((message[name] for name in _THINKING if message.get(name)), "")
        self.thinking += thinking or (thinking_field if isinstance(thinking_field, str) else "")

    def _set_finish(self, reason: object) -> None:
        if isinstance(reason, str) and reason:
            word = reason.partition(":")[0].strip().lower()
            self.finish = _FINISHES.get(word, word)

    def _set_usage(self, payload: Mapping[str, Any]) -> None:
        model = payload.get("model")
        self.model = model if isinstance(model, str) and model else self.model
        if payload.get("usage"):
            self.tokens = _parse_usage(payload["usage"])

    def _add_call(
        self,
        index: object,
        id_: str,
        name: str,
        arguments: object,
        extra: Mapping[str, object],
        *,
        merge: bool,
    ) -> None:
        number = index if isinstance(index, int) and not isinstance(index, bool) else None
        existing = self._find_call(number, id_, name, arguments) if merge else None
        if existing is None:
            if id_ or name or arguments:
                self.calls.append(_PartialToolCall(id_, name, arguments, number, extra))
            return
        existing.id, existing.name = existing.id or id_, existing.name or name
        existing.extra = existing.extra or extra
        existing.arguments = _append_arguments(existing.arguments, arguments)

    def _find_call(
        self, index: int | None, id_: str, name: str, arguments: object
    ) -> _PartialToolCall | None:
        """The call that a chunk continues; None when the chunk begins another call. Some servers
        give every call the index 0 or no index; some repeat the id and the name in each chunk, or
        send a new id with each chunk.
        """
        if index is not None:
            candidates = [call for call in self.calls if call.index == index]
        else:
            candidates = [call for call in self.calls if id_ and call.id == id_] or self.calls
        if not candidates:
            return None
        last = candidates[-1]
        if not name:
            return last
        if id_ and last.id and id_ == last.id:
            return last
        has_arguments = arguments not in (None, "", {})
        if name == last.name and not has_arguments and not (id_ and last.id):
            return last
        has_begun = last.arguments not in (None, "")
        if not has_begun:
            return last if name == last.name or not last.name else None
        return None if not isinstance(last.arguments, str) or is_complete(last.arguments) else last

    def _finish_calls(self) -> list[ModelToolCall]:
        ordered = self.calls
        if all(call.index is not None for call in ordered):
            ordered = sorted(ordered, key=lambda call: call.index or 0)
        used: set[str] = set()
        calls: list[ModelToolCall] = []
        for number, call in enumerate(ordered):
            id_ = call.id or f"call_{number}"
            while id_ in used:
                id_ += "_"
            used.add(id_)
            thinking = self.thinking if not calls else ""
            calls.append(
                ModelToolCall(
                    id_,
                    _clean_tool_name(call.name),
                    repair_arguments(call.arguments),
                    call.extra,
                    thinking,
                )
            )
        return calls


def _has_content(message: Mapping[str, Any]) -> bool:
    return any(_split_content(message.get("content"))) or bool(message.get("refusal"))


def _split_content(content: object) -> tuple[str, str, str]:
    """Split a content, which is a string or a list of typed parts: (text, thinking, refusal)."""
    if isinstance(content, str):
        return content, "", ""
    text = thinking = refusal = ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            text += part
        if not isinstance(part, Mapping):
            continue
        kind = part.get("type", "")
        if kind in _TEXT_PARTS and isinstance(part.get("text"), str):
            text += part["text"]
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            refusal += part["refusal"]
        elif kind in ("thinking", "reasoning"):
            thinking += "".join(_texts(part))
    return text, thinking, refusal


def _texts(part: Mapping[str, Any]) -> Iterator[str]:
    for name in ("thinking", "reasoning", "text"):
        value = part.get(name)
        yield value if isinstance(value, str) else _split_content(value)[0]


def _tool_calls_in(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    calls = message.get("tool_calls")
    if isinstance(calls, Mapping):
        calls = [calls]
    valid_calls = (
        [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    )
    legacy_call = message.get("function_call")
    if not valid_calls and isinstance(legacy_call, Mapping):
        valid_calls = [{"index": 0, "function": legacy_call}]
    return valid_calls


def _parse_tool_call(
    call: Mapping[str, Any],
) -> tuple[object, str, str, object, Mapping[str, object]]:
    """Return (index, id, name, arguments, other fields that the server expects back)."""
    function = call.get("function")
    fields: Mapping[str, Any] = function if isinstance(function, Mapping) else call
    id_, name = call.get("id"), fields.get("name")
    index = call.get("index", fields.get("index"))
    extra_content = call.get("extra_content")
    extra = {"extra_content": extra_content} if isinstance(extra_content, Mapping) else {}
    return (
        index,
        str(id_) if isinstance(id_, str | int) else "",
        name if isinstance(name, str) else "",
        fields.get("arguments"),
        extra,
    )


def _append_arguments(existing: object, addition: object) -> object:
    if addition in (None, ""):
        return existing
    if existing in (None, ""):
        return addition
    if isinstance(existing, str) and isinstance(addition, str):
        return existing + addition
    # An object after earlier chunks repeats the whole arguments and replaces them.
    return addition if not isinstance(addition, str) else json.dumps(existing) + addition


def _clean_tool_name(name: str) -> str:
    """The name without the tokens and prefixes that some models put around it."""
    name = name.partition("<|")[0].strip()
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _parse_usage(usage: object) -> tuple[int, int, int]:
    """Return (prompt, completion, cached) token counts; an implausible count becomes 0. Cached
    tokens are part of the prompt tokens.
    """
    fields = usage if isinstance(usage, Mapping) else {}
    tokens_in, tokens_out = (
        _parse_count(fields.get("prompt_tokens")),
        _parse_count(fields.get("completion_tokens")),
    )
    details = fields.get("prompt_tokens_details")
    detail_fields = details if isinstance(details, Mapping) else {}
    cached = max(
        _parse_count(detail_fields.get("cached_tokens")),
        *(_parse_count(fields.get(n)) for n in _CACHED),
    )
    return tokens_in, tokens_out, min(cached, tokens_in)


def _parse_count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < _MAX_TOKENS else 0
