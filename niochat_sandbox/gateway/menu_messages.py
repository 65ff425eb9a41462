"""Menus of ``/send/menu``: parse their choices and build their echo (§2.2, §2.3)."""

from typing import Any

from niochat_sandbox.gateway.content_builders import PhoneAction
from niochat_sandbox.http_json import SandboxApiError

MENU_TYPES = ("button", "list", "poll", "carousel")


def build_menu(kind: str, text: str, choices: list[str], button: str, footer: str) -> PhoneAction:
    """Build the action of a menu. Raises ``SandboxApiError`` (400) for an unknown type or no
    choices.
    """
    if kind not in MENU_TYPES:
        raise SandboxApiError(400, f"type must be one of {', '.join(MENU_TYPES)}")
    if not choices:
        raise SandboxApiError(400, "Missing required fields: choices")
    if kind == "poll":
        return PhoneAction("poll", text, option="|".join(choices))
    if kind == "list":
        return PhoneAction("menu_list", text, content=_build_list(text, choices, button, footer))
    return PhoneAction("menu_button", text, content=_build_buttons(text, choices, footer))


def _parse_choice(choice: str) -> list[str]:
    """Parse ``Título|id|descrição``; a line break may replace the bar. The id defaults to the
    title.
    """
    parts = [part.strip() for part in choice.replace("\n", "|").split("|")]
    return (parts + parts[:1] if len(parts) == 1 else parts) + [""]


def _build_buttons(text: str, choices: list[str], footer: str) -> dict[str, Any]:
    buttons = [
        {"buttonID": parts[1], "buttonText": {"displayText": parts[0]}, "type": 1}
        for parts in map(_parse_choice, choices)
    ]
    return {"contentText": text, "footerText": footer, "buttons": buttons, "headerType": 1}


def _build_list(text: str, choices: list[str], button: str, footer: str) -> dict[str, Any]:
    sections: list[dict[str, Any]] = []
    for choice in choices:
        if choice.startswith("[") and choice.endswith("]"):
            sections.append({"title": choice[1:-1], "rows": []})
            continue
        if not sections:
            sections.append({"title": "", "rows": []})
        title, row, description, *_ = _parse_choice(choice)
        sections[-1]["rows"].append({"title": title, "description": description, "rowID": row})
    return {
        "description": text,
        "buttonText": button,
        "listType": 1,
        "sections": sections,
        "footerText": footer,
    }
