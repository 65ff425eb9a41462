"""Marks that models write into their text: thinking, channels, ends of turns, calls as text."""

import re

from niochat.adapters.openai.arguments import objects_at, understood

_THINKING = r"think|thinking|thought|thoughts|reasoning|reflection|seed:think|scratchpad|analysis"
_PAIR = re.compile(
    rf"<({_THINKING})>.*?</\1\s*>|\[THINK\].*?\[/THINK\]|"
    r"<\|channel>\s*(?:thought|analysis).*?<channel\|>|<\|begin_of_thought\|>.*?<\|end_of_thought\|>|"
    r"<\|START_THINKING\|>.*?<\|END_THINKING\|>|◁think▷.*?◁/think▷",
    re.S | re.I,
)
_CLOSED = re.compile(
    rf"^.*(?:</(?:{_THINKING})\s*>|\[/THINK\]|<\|end_of_thought\|>|<\|END_THINKING\|>|◁/think▷)",
    re.S | re.I,
)
"""A template may have opened it in the prompt: all before the last end was thought."""
_OPENED = re.compile(
    rf"(?:<(?:{_THINKING})>|\[THINK\]|<\|channel>\s*(?:thought|analysis)|<\|begin_of_thought\|>|"
    r"<\|START_THINKING\|>|◁think▷).*$",
    re.S | re.I,
)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>(.*?)"
    r"(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|$)",
    re.S,
)
_UNFINISHED_CHANNEL = re.compile(r"<\|channel\|>(?:(?!<\|message\|>).)*$", re.S)
_BARE_CHANNELS = re.compile(r"^\s*(?:analysis|commentary)(?=[\sA-Z]).*assistant\s?final", re.S)
"""The same where the server dropped the marks and left their words."""
_END = re.compile(
    r"<\|(?:im_end|eot_id|end_of_text|endoftext|end|return|eom_id|end_of_turn|END_OF_TURN_TOKEN|"
    r"im_start|start_header_id)\|>|<end_of_turn>|<start_of_turn>|</s>|<eos>|<｜end▁of▁sentence｜>"
)
_CONTROL = re.compile(
    r"<\|start\|>\w*|<\|start_header_id\|>\w*<\|end_header_id\|>|<\|im_start\|>\w*\s?|"
    r"<\|[\w/]{1,40}\|>|<｜[^｜]{1,40}｜>|</?s>|<(?:bos|eos|pad|unk)>|"
    r"<(?:start|end)_of_turn>(?:model|user)?|\[/?INST\]|</?(?:answer|response|output|final)>",
    re.I,
)
_UNFINISHED = re.compile(r"(?:<[^<>\s]{0,40}|\[/?[A-Z_]{0,12})$")
_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.S)
_FUNCTION = re.compile(r"<function=([\w.\-]+)>\s*(\{.*?\})?\s*(?:</function>|$)", re.S)
_MISTRAL = re.compile(r"\[TOOL_CALLS\]\s*([\w\-]*)(?:\[CALL_ID\][\w\-]*)?(?:\[ARGS\])?(.*)$", re.S)
_PYTHON = re.compile(r"^\s*<\|python_tag\|>(.*)$", re.S)
_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")


def spoken(text: str) -> str:
    """The text without thinking and control marks."""
    if not _marked(text):
        return text
    text = _PAIR.sub("", _final_channel(text))
    text = _OPENED.sub("", _CLOSED.sub("", text)).lstrip()
    end = _END.search(text)
    if end is not None and text[: end.start()].strip():
        text = text[: end.start()]
    return _CONTROL.sub("", text)


def spoken_so_far(text: str) -> str:
    """The same of a text that still comes: a mark may have begun at its end."""
    return _UNFINISHED.sub("", spoken(text)) if _marked(text) else text


def calls_in(text: str, names: frozenset[str]) -> tuple[str, list[tuple[str, str]]]:
    """What remains of the text, and (name, arguments) of calls of ``names`` written into it by a
    server that does not know the model's marks.
    """
    if not names or ("{" not in text and "<function=" not in text):
        return text, []
    found: list[tuple[str, str]] = []
    rest = text
    for pattern in (_CALL, _FUNCTION, _MISTRAL, _PYTHON):
        for match in pattern.finditer(rest):
            *name, body = match.groups()
            found += _called(body or "{}", name[0] if name else "")
        if found:
            rest = pattern.sub("", rest)
            break
    else:
        found, rest = _called(_FENCE.sub("", text), "", whole=True), ""
    known = [(name, arguments) for name, arguments in found if name in names]
    return (rest, known) if known and len(known) == len(found) else (text, [])


def _called(text: str, name: str, *, whole: bool = False) -> list[tuple[str, str]]:
    """Calls in a piece of JSON; ``whole``: it must be nothing else."""
    values = objects_at(text, whole=whole)
    if name:
        return [(name, understood(value)) for value in values[:1]]
    calls = []
    for value in values:
        told = value.get("arguments", value.get("parameters"))
        called = value.get("name", value.get("function"))
        if not isinstance(called, str) or told is None or set(value) - {
            "name", "function", "arguments", "parameters", "id", "type",
        }:  # fmt: skip
            return []
        calls.append((called, understood(told)))
    return calls


def _final_channel(text: str) -> str:
    """Of gpt-oss' channels, the one that is meant for people."""
    if "<|channel|>" in text:
        text = _UNFINISHED_CHANNEL.sub("", text)
        said = [body for name, body in _CHANNEL.findall(text) if name == "final"]
        return "\n".join(said) if said else _CHANNEL.sub("", text)
    return _BARE_CHANNELS.sub("", text)


def _marked(text: str) -> bool:
    return any(c in text for c in "<[◁") or text.lstrip().startswith(("analysis", "commentary"))
