"""Removes thinking and control tokens from model text, and extracts calls written as text."""

import re

from niochat.adapters.models.openai.tool_call_arguments import (
    parse_objects,
    repair_arguments,
    strip_code_fence,
)

_THINKING = r"think|thinking|thought|thoughts|reasoning|reflection|seed:think|scratchpad|analysis"
_THOUGHT = re.compile(
    rf"(?P<opens><(?:{_THINKING})>|\[THINK\]|<\|channel>\s?(?:thought|analysis)|"
    r"<\|begin_of_thought\|>|<\|START_THINKING\|>|◁think▷)|"
    rf"</(?:{_THINKING})\s?>|\[/THINK\]|<channel\|>|<\|end_of_thought\|>|<\|END_THINKING\|>|◁/think▷",
    re.I,
)
_CHANNEL = re.compile(
    r"<\|channel\|>\s?(\w{1,20})[^<]{0,80}(?:<\|constrain\|>[^<]{0,80})?<\|message\|>(.*?)"
    r"(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|$)",
    re.S,
)
_BARE_CHANNELS = re.compile(r"^\s*(?:analysis|commentary)(?=[\sA-Z]).*assistant\s?final", re.S)
"""Channels from a server that dropped the control tokens and left the names of the channels."""
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
_CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.S)
_FUNCTION = re.compile(r"<function=([\w.\-]{1,64})>(.*?)(?:</function>|$)", re.S)
_MISTRAL = re.compile(r"\[TOOL_CALLS\]\s*([\w\-]*)(?:\[CALL_ID\][\w\-]*)?(?:\[ARGS\])?(.*)$", re.S)
_HARMONY = re.compile(
    r"<\|channel\|>\s?commentary to=functions\.([\w\-]{1,64})[^<]{0,80}"
    r"(?:<\|constrain\|>[^<]{0,80})?<\|message\|>(.*?)(?:<\|call\|>|<\|end\|>|$)",
    re.S,
)
_PYTHON = re.compile(r"^\s*<\|python_tag\|>(.*)$", re.S)
_EARLIER_CALL = re.compile(r"^\[chamada de ([\w\-]{1,64})\] (.*)$", re.M)
"""The form in which :mod:`niochat.adapters.models.openai.message_formatter` writes earlier calls
as text, for templates that do not support tool calls.
"""
_CALLING = re.compile(r"\[chamada de |<tool_call>|<function=|\[TOOL_CALLS\]|<\|python_tag\|>")
_MAX_CALL_CHARS = 20_000


def strip_control_tokens(text: str) -> str:
    """The text without thinking and control tokens."""
    if not _has_control_tokens(text):
        return text
    text = _strip_thinking(_keep_final_channel(text)).lstrip()
    end = _END.search(text)
    if end is not None and text[: end.start()].strip():
        text = text[: end.start()]
    return _CONTROL.sub("", text)


def strip_partial_text(text: str) -> str:
    """The visible part of a text that is still streamed. It ends before a call that is written as
    text and before an unfinished token.
    """
    if not _has_control_tokens(text):
        return text
    call = _CALLING.search(text)
    return _UNFINISHED.sub("", strip_control_tokens(text[: call.start()] if call else text))


def extract_tool_calls(text: str, names: frozenset[str]) -> tuple[str, list[tuple[str, str]]]:
    """Extract the calls that a server left in the text because it does not know the model's tokens.

    Returns the remaining text and the calls as (name, arguments). Unless every call is one of
    ``names``, returns the text unchanged and no calls.
    """
    if not names or len(text) > _MAX_CALL_CHARS or ("{" not in text and "<function=" not in text):
        return text, []
    parsed: list[tuple[str, str]] = []
    # The model only considers a call that it writes inside its thinking.
    rest = text = _strip_thinking(text)
    for pattern in (_CALL, _FUNCTION, _MISTRAL, _HARMONY, _EARLIER_CALL, _PYTHON):
        for match in pattern.finditer(rest):
            *name, body = match.groups()
            parsed += _parse_calls(body.strip() or "{}", name[0] if name else "")
        if parsed:
            rest = pattern.sub("", rest)
            break
    else:
        parsed, rest = _parse_calls(strip_code_fence(text), "", whole=True), ""
    offered = [(name, arguments) for name, arguments in parsed if name in names]
    return (rest, offered) if offered and len(offered) == len(parsed) else (text, [])


def _parse_calls(text: str, name: str, *, whole: bool = False) -> list[tuple[str, str]]:
    """Parse the calls in a text of JSON. With ``whole``, the text may hold nothing else."""
    values = parse_objects(text, entire=whole)
    if name:
        return [(name, repair_arguments(value)) for value in values[:1]]
    calls = []
    for value in values:
        arguments = value.get("arguments", value.get("parameters"))
        called_name = value.get("name", value.get("function"))
        if (
            not isinstance(called_name, str)
            or arguments is None
            or set(value)
            - {
                "name",
                "function",
                "arguments",
                "parameters",
                "id",
                "type",
            }
        ):
            return []
        calls.append((called_name, repair_arguments(arguments)))
    return calls


def _strip_thinking(text: str) -> str:
    """The text without thinking. A chat template may have opened the thinking in the prompt, so an
    end mark without a start mark removes everything before it. A start mark without an end mark
    removes everything after it.
    """
    visible: list[str] = []
    opened, last = False, 0
    for mark in _THOUGHT.finditer(text):
        if mark["opens"]:
            visible += [] if opened else [text[last : mark.start()]]
            opened = True
            continue
        if not opened:
            visible.clear()
        opened, last = False, mark.end()
    return "".join(visible if opened else [*visible, text[last:]])


def _keep_final_channel(text: str) -> str:
    """The text of the final channel of gpt-oss, the only channel that users may see."""
    if "<|channel|>" in text:
        last = text.rfind("<|channel|>")
        text = text if "<|message|>" in text[last:] else text[:last]
        final_texts = [body for name, body in _CHANNEL.findall(text) if name == "final"]
        return "\n".join(final_texts) if final_texts else _CHANNEL.sub("", text)
    return _BARE_CHANNELS.sub("", text)


def _has_control_tokens(text: str) -> bool:
    return any(c in text for c in "<[◁") or text.lstrip().startswith(("analysis", "commentary"))
