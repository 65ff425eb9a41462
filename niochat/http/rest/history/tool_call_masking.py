"""Shortens and masks the tool calls of a turn for screens."""

import re
from collections.abc import Mapping
from typing import Any

from niochat.assistant.text.masking import mask_arguments
from niochat.domain.text_validation import truncate_text

MAX_TEXT_CHARS, MAX_ITEMS, MAX_DEPTH = 200, 20, 5
"""Limits of a value in a call; longer values are cut."""
_MODEL_GUIDANCE = frozenset({"orientacao", "apresentar"})
"""Fields of a result that tell the model what to write. They come from NioChat, not from the ERP.
"""
_SECRET_NAME = re.compile(r"(?i)senha|password|passwd|token|secret|segredo|credencia|pin$")
_PAYMENT_CODE = re.compile(r"(?i)br\.gov\.bcb\.pix|^000201")
MASK = "***"


def present_tool_call(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a stored call as a screen shows it: tax ids, passwords and payment codes masked."""
    result = stored.get("result")
    result = result if isinstance(result, Mapping) else {}
    failed = not result.get("ok")
    shown = {name: value for name, value in result.items() if name not in {*_MODEL_GUIDANCE, "ok"}}
    arguments = stored.get("arguments")
    if not isinstance(arguments, Mapping):
        arguments = {"text": arguments} if arguments else {}
    return {
        "tool": str(stored.get("tool", "")),
        "arguments": _present(mask_arguments(dict(arguments)), 0),
        "result": _present(mask_arguments(shown), 0),
        "ok": not failed,
        "error": str(result.get("erro") or "failed") if failed else None,
        "started_at": stored.get("started_at") or stored.get("at"),
        "duration_s": stored.get("duration_s"),
    }


def _present(value: object, depth: int) -> Any:
    match value:
        case dict() | list() if depth >= MAX_DEPTH:
            return "…"
        case dict():
            return {
                str(name)[:60]: MASK
                if _SECRET_NAME.search(str(name))
                else _present(item, depth + 1)
                for name, item in list(value.items())[:MAX_ITEMS]
            }
        case list():
            return [_present(item, depth + 1) for item in value[:MAX_ITEMS]]
        case str():
            return MASK if _PAYMENT_CODE.search(value) else truncate_text(value, MAX_TEXT_CHARS)
        case _:
            return value
