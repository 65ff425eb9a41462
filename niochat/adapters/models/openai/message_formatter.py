"""Formats messages: valid for every server, then adapted to the quirks of one endpoint."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.adapters.models.openai.tool_call_arguments import valid_or_empty

ChatMessage = dict[str, Any]

NOT_RUN_RESULT = '{"ok": false, "erro": "nao_executada"}'
"""The result of a call that has none."""
BEGINNING_TEXT, CONTINUE_TEXT, ACKNOWLEDGED_TEXT = "[início da conversa]", "[continue]", "[certo]"
"""Filler texts for messages that a template requires and the conversation does not have."""
_INVALID_NAME_CHARS = re.compile(r"[^a-zA-Z0-9_-]+")
_MISSING_SIGNATURE = "skip_thought_signature_validator"
"""Gemini's marker for a call that has no signature."""


def format_messages(
    messages: Sequence[Mapping[str, Any]], quirks: frozenset[EndpointQuirk]
) -> list[ChatMessage]:
    """A copy of the messages as an endpoint with these quirks accepts them."""
    formatted = _unique_ids(
        list(_pair_calls_with_results(_merge_leading_system([dict(each) for each in messages])))
    )
    for quirk, apply in _FORMATTERS.items():
        if quirk in quirks:
            formatted = apply(formatted)
    if EndpointQuirk.THINKING_BACK not in quirks:
        formatted = [_without(each, "reasoning_content") for each in formatted]
    return formatted


def _merge_leading_system(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Merge the system messages at the start, and drop messages without content."""
    non_empty = [each for each in messages if each.get("tool_calls") or _has_content(each)]
    count = next(
        (at for at, each in enumerate(non_empty) if each["role"] != "system"), len(non_empty)
    )
    if count < 2:
        return non_empty
    return [_join_texts("system", non_empty[:count]), *non_empty[count:]]


def _pair_calls_with_results(messages: list[ChatMessage]) -> Iterator[ChatMessage]:
    """Put the results directly after their calls, in the order of the calls. A call without a
    result gets ``NOT_RUN_RESULT``; a result without a call is dropped.
    """
    at = 0
    while at < len(messages):
        message = messages[at]
        at += 1
        if message["role"] == "tool":
            continue
        if not message.get("tool_calls"):
            yield _without(message, "tool_calls")
            continue
        results: list[ChatMessage] = []
        while at < len(messages) and messages[at]["role"] == "tool":
            results.append(messages[at])
            at += 1
        yield {**message, "tool_calls": [_valid_call(call) for call in message["tool_calls"]]}
        for call in message["tool_calls"]:
            result = next((r for r in results if r["tool_call_id"] == call["id"]), None)
            if result is None:
                yield {"role": "tool", "tool_call_id": call["id"], "content": NOT_RUN_RESULT}
            else:
                results.remove(result)
                yield {**result, "content": _text(result) or NOT_RUN_RESULT}


def _valid_call(call: Mapping[str, Any]) -> ChatMessage:
    function = call["function"]
    name = _INVALID_NAME_CHARS.sub("_", function["name"])[:64] or "unknown"
    return {**call, "function": {"name": name, "arguments": valid_or_empty(function["arguments"])}}


def _unique_ids(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Make call ids unique: some servers repeat the same ids in every response (``call_0``)."""
    used: set[str] = set()

    def unused(id_: str) -> str:
        candidate, number = id_, 1
        while candidate in used:
            number += 1
            candidate = f"{id_}_{number}"
        used.add(candidate)
        return candidate

    return _rename_call_ids(messages, unused)


def _shorten_ids(messages: list[ChatMessage]) -> list[ChatMessage]:
    return _rename_call_ids(messages, lambda id_: hashlib.sha256(id_.encode()).hexdigest()[:9])


def _rename_call_ids(messages: list[ChatMessage], name: Callable[[str], str]) -> list[ChatMessage]:
    """Rename the ids of calls and of their results. The results are in the order of the calls."""
    renamed: list[ChatMessage] = []
    new_ids: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            renamed.append({**message, "tool_call_id": new_ids.pop(0)})
        elif message.get("tool_calls"):
            new_ids = [name(call["id"]) for call in message["tool_calls"]]
            calls = zip(message["tool_calls"], new_ids, strict=True)
            renamed.append({**message, "tool_calls": [{**call, "id": new} for call, new in calls]})
        else:
            renamed.append(message)
    return renamed


def _add_tool_names(messages: list[ChatMessage]) -> list[ChatMessage]:
    names = {call["id"]: call["function"]["name"] for each in messages for call in _calls(each)}
    return [
        {**each, "name": names[each["tool_call_id"]]} if each["role"] == "tool" else each
        for each in messages
    ]


def _add_signatures(messages: list[ChatMessage]) -> list[ChatMessage]:
    def mark(call: ChatMessage) -> ChatMessage:
        unsigned = {"extra_content": {"google": {"thought_signature": _MISSING_SIGNATURE}}}
        return call if call.get("extra_content") else {**call, **unsigned}

    return [
        {**each, "tool_calls": [mark(call) for call in _calls(each)]} if _calls(each) else each
        for each in messages
    ]


def _tools_as_text(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Write calls and results as text, for templates that support neither."""
    names: dict[str, str] = {}
    formatted: list[ChatMessage] = []
    for each in messages:
        if each["role"] == "tool":
            tool_text = f"[resultado de {names[each['tool_call_id']]}] {_text(each)}"
            formatted.append({"role": "user", "content": tool_text})
            continue
        names |= {call["id"]: call["function"]["name"] for call in _calls(each)}
        tool_text = "\n".join(
            f"[chamada de {call['function']['name']}] {call['function']['arguments']}"
            for call in _calls(each)
        )
        if tool_text:
            text = "\n".join(part for part in (_text(each), tool_text) if part)
            each = {"role": each["role"], "content": text}
        formatted.append(each)
    return formatted


def _merge_system(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Merge all system messages into one at the start: no other role may carry their text."""
    head = [each for each in messages if each["role"] == "system"]
    rest = [each for each in messages if each["role"] != "system"]
    return [_join_texts("system", head), *rest] if head else rest


def _remove_system(messages: list[ChatMessage]) -> list[ChatMessage]:
    head, *rest = _merge_system(messages)
    if head["role"] != "system":
        return [head, *rest]
    return [{"role": "user", "content": _text(head)}, *rest]


def _alternate_roles(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Alternate roles: merge neighbours of one role, and fill gaps with texts in brackets."""
    messages = _merge_system(messages)
    head = [each for each in messages if each["role"] == "system"]
    alternating: list[ChatMessage] = []
    for each in messages[len(head) :]:
        last = alternating[-1]["role"] if alternating else "system"
        if last == each["role"] != "tool":
            alternating[-1] = _join_messages(alternating[-1], each)
            continue
        if last == "system" and each["role"] == "assistant":
            alternating.append({"role": "user", "content": BEGINNING_TEXT})
        if last == "tool" and each["role"] == "user":
            alternating.append({"role": "assistant", "content": ACKNOWLEDGED_TEXT})
        alternating.append(each)
    if not alternating:
        alternating.append({"role": "user", "content": BEGINNING_TEXT})
    if alternating[-1]["role"] == "assistant":
        alternating.append({"role": "user", "content": CONTINUE_TEXT})
    return [*head, *alternating]


def _fill_empty_content(messages: list[ChatMessage]) -> list[ChatMessage]:
    return [{**each, "content": each.get("content") or ""} for each in messages]


_FORMATTERS: dict[EndpointQuirk, Callable[[list[ChatMessage]], list[ChatMessage]]] = {
    EndpointQuirk.TOOLS_AS_TEXT: _tools_as_text,
    EndpointQuirk.ONE_SYSTEM: _merge_system,
    EndpointQuirk.NO_SYSTEM: _remove_system,
    EndpointQuirk.ALTERNATE: _alternate_roles,
    EndpointQuirk.TEXT_CONTENT: _fill_empty_content,
    EndpointQuirk.SHORT_IDS: _shorten_ids,
    EndpointQuirk.TOOL_NAMES: _add_tool_names,
    EndpointQuirk.SIGNATURES: _add_signatures,
}
"""The formatter of each quirk, in the order in which they are applied."""


def _join_messages(first: ChatMessage, second: ChatMessage) -> ChatMessage:
    joined = _join_texts(first["role"], [first, second])
    calls = [*_calls(first), *_calls(second)]
    return {**first, **second, **joined, **({"tool_calls": calls} if calls else {})}


def _join_texts(role: str, messages: Sequence[ChatMessage]) -> ChatMessage:
    if any(isinstance(each.get("content"), list) for each in messages):
        return {"role": role, "content": [part for each in messages for part in _parts(each)]}
    return {"role": role, "content": "\n\n".join(filter(None, map(_text, messages))) or None}


def _calls(message: ChatMessage) -> list[ChatMessage]:
    return message.get("tool_calls") or []


def _has_content(message: ChatMessage) -> bool:
    content = message.get("content")
    return bool(content.strip() if isinstance(content, str) else content)


def _text(message: ChatMessage) -> str:
    return "\n".join(part["text"] for part in _parts(message) if part.get("type") == "text")


def _parts(message: ChatMessage) -> list[ChatMessage]:
    """The content as a list of parts, some of which may be pictures."""
    content = message.get("content")
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _without(message: ChatMessage, name: str) -> ChatMessage:
    return {key: value for key, value in message.items() if key != name}
