"""What was said so far, such that no server refuses it: valid for all, then as one wants it."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from niochat.adapters.openai.arguments import valid
from niochat.adapters.openai.forms import Form

Message = dict[str, Any]

NOT_RUN = '{"ok": false, "erro": "nao_executada"}'
"""The result of a call that has none."""
BEGINNING, GO_ON, DONE = "[início da conversa]", "[continue]", "[certo]"
"""Said where a template wants somebody to speak who did not."""
_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_UNSIGNED = "skip_thought_signature_validator"
"""Gemini's own word for a call that another model, or we, made."""


def shaped(messages: Sequence[Mapping[str, Any]], forms: frozenset[Form]) -> list[Message]:
    """The messages as an end point of these forms takes them; the given ones stay as they are."""
    said = _unique_ids(list(_answered(_one_head([dict(each) for each in messages]))))
    for form, change in _CHANGES.items():
        if form in forms:
            said = change(said)
    if Form.THINKING_BACK not in forms:
        said = [_without(each, "reasoning_content") for each in said]
    return said


def _one_head(messages: list[Message]) -> list[Message]:
    """System messages at the start are one; who says nothing is left out."""
    said = [each for each in messages if each.get("tool_calls") or _says(each)]
    count = next((at for at, each in enumerate(said) if each["role"] != "system"), len(said))
    if count < 2:
        return said
    return [_joined_texts("system", said[:count]), *said[count:]]


def _answered(messages: list[Message]) -> Iterator[Message]:
    """Each call has its result right after it, and each result its call."""
    at = 0
    while at < len(messages):
        message = messages[at]
        at += 1
        if message["role"] == "tool":
            continue
        if not message.get("tool_calls"):
            yield _without(message, "tool_calls")
            continue
        results: list[Message] = []
        while at < len(messages) and messages[at]["role"] == "tool":
            results.append(messages[at])
            at += 1
        yield {**message, "tool_calls": [_valid_call(call) for call in message["tool_calls"]]}
        for call in message["tool_calls"]:
            result = next((r for r in results if r["tool_call_id"] == call["id"]), None)
            if result is None:
                yield {"role": "tool", "tool_call_id": call["id"], "content": NOT_RUN}
            else:
                results.remove(result)
                yield {**result, "content": _text(result) or NOT_RUN}


def _valid_call(call: Mapping[str, Any]) -> Message:
    function = call["function"]
    name = _NO_NAME.sub("_", function["name"])[:64] or "unknown"
    return {**call, "function": {"name": name, "arguments": valid(function["arguments"])}}


def _unique_ids(messages: list[Message]) -> list[Message]:
    """Ids that some servers give to one call of every answer (``call_0``) are told apart."""
    used: set[str] = set()

    def unused(id_: str) -> str:
        found, number = id_, 1
        while found in used:
            number += 1
            found = f"{id_}_{number}"
        used.add(found)
        return found

    return _renamed(messages, unused)


def _short_ids(messages: list[Message]) -> list[Message]:
    return _renamed(messages, lambda id_: hashlib.sha256(id_.encode()).hexdigest()[:9])


def _renamed(messages: list[Message], name: Callable[[str], str]) -> list[Message]:
    """New ids of calls, and the same ones of their results, which stand in the calls' order."""
    said: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            said.append({**message, "tool_call_id": waiting.pop(0)})
        elif message.get("tool_calls"):
            waiting = [name(call["id"]) for call in message["tool_calls"]]
            calls = zip(message["tool_calls"], waiting, strict=True)
            said.append({**message, "tool_calls": [{**call, "id": new} for call, new in calls]})
        else:
            said.append(message)
    return said


def _tool_names(messages: list[Message]) -> list[Message]:
    names = {
        call["id"]: call["function"]["name"] for each in messages for call in _calls(each)
    }  # fmt: skip
    return [
        {**each, "name": names[each["tool_call_id"]]} if each["role"] == "tool" else each
        for each in messages
    ]


def _signed(messages: list[Message]) -> list[Message]:
    def mark(call: Message) -> Message:
        unsigned = {"extra_content": {"google": {"thought_signature": _UNSIGNED}}}
        return call if call.get("extra_content") else {**call, **unsigned}

    return [
        {**each, "tool_calls": [mark(call) for call in _calls(each)]} if _calls(each) else each
        for each in messages
    ]


def _as_text(messages: list[Message]) -> list[Message]:
    """Calls and results told, for templates that know neither."""
    names: dict[str, str] = {}
    said: list[Message] = []
    for each in messages:
        if each["role"] == "tool":
            told = f"[resultado de {names[each['tool_call_id']]}] {_text(each)}"
            said.append({"role": "user", "content": told})
            continue
        names |= {call["id"]: call["function"]["name"] for call in _calls(each)}
        told = "\n".join(
            f"[chamada de {call['function']['name']}] {call['function']['arguments']}"
            for call in _calls(each)
        )
        if told:
            text = "\n".join(part for part in (_text(each), told) if part)
            each = {"role": each["role"], "content": text}
        said.append(each)
    return said


def _one_system(messages: list[Message]) -> list[Message]:
    """All that is the system's, in its order, at the start: nobody else may say such a thing."""
    head = [each for each in messages if each["role"] == "system"]
    rest = [each for each in messages if each["role"] != "system"]
    return [_joined_texts("system", head), *rest] if head else rest


def _no_system(messages: list[Message]) -> list[Message]:
    head, *rest = _one_system(messages)
    if head["role"] != "system":
        return [head, *rest]
    return [{"role": "user", "content": _text(head)}, *rest]


def _alternating(messages: list[Message]) -> list[Message]:
    """In turns: neighbours of one role are joined, and who is missing says so in brackets."""
    messages = _one_system(messages)
    head = [each for each in messages if each["role"] == "system"]
    said: list[Message] = []
    for each in messages[len(head) :]:
        last = said[-1]["role"] if said else "system"
        if last == each["role"] != "tool":
            said[-1] = _joined(said[-1], each)
            continue
        if last == "system" and each["role"] == "assistant":
            said.append({"role": "user", "content": BEGINNING})
        if last == "tool" and each["role"] == "user":
            said.append({"role": "assistant", "content": DONE})
        said.append(each)
    if not said:
        said.append({"role": "user", "content": BEGINNING})
    if said[-1]["role"] == "assistant":
        said.append({"role": "user", "content": GO_ON})
    return [*head, *said]


def _text_content(messages: list[Message]) -> list[Message]:
    return [{**each, "content": each.get("content") or ""} for each in messages]


_CHANGES: dict[Form, Callable[[list[Message]], list[Message]]] = {
    Form.TOOLS_AS_TEXT: _as_text,
    Form.ONE_SYSTEM: _one_system,
    Form.NO_SYSTEM: _no_system,
    Form.ALTERNATE: _alternating,
    Form.TEXT_CONTENT: _text_content,
    Form.SHORT_IDS: _short_ids,
    Form.TOOL_NAMES: _tool_names,
    Form.SIGNATURES: _signed,
}
"""In the order in which they are made."""


def _joined(first: Message, second: Message) -> Message:
    joined = _joined_texts(first["role"], [first, second])
    calls = [*_calls(first), *_calls(second)]
    return {**first, **second, **joined, **({"tool_calls": calls} if calls else {})}


def _joined_texts(role: str, messages: Sequence[Message]) -> Message:
    if any(isinstance(each.get("content"), list) for each in messages):
        return {"role": role, "content": [part for each in messages for part in _parts(each)]}
    return {"role": role, "content": "\n\n".join(filter(None, map(_text, messages))) or None}


def _calls(message: Message) -> list[Message]:
    return message.get("tool_calls") or []


def _says(message: Message) -> bool:
    content = message.get("content")
    return bool(content.strip() if isinstance(content, str) else content)


def _text(message: Message) -> str:
    return "\n".join(part["text"] for part in _parts(message) if part.get("type") == "text")


def _parts(message: Message) -> list[Message]:
    """A content as a list of parts, of which some may be pictures."""
    content = message.get("content")
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _without(message: Message, name: str) -> Message:
    return {key: value for key, value in message.items() if key != name}
