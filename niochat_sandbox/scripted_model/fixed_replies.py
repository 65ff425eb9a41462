"""Fixed Portuguese replies of the scripted model."""

import re
from typing import Any

_TAG = re.compile(r"#c\d+-\d+")
_GREETING = re.compile(
    r"\b(oi+|ol[aá]|opa|e a[ií]|bom dia|boa tarde|boa noite|hello|hi)\b", re.IGNORECASE
)
_HUMAN = re.compile(r"\b(atendentes?|human[oa]s?|pessoas?)\b", re.IGNORECASE)
_MAX_QUOTE_LENGTH = 120
SITUATION, CORRECTION = "⟦situação⟧", "⟦correção⟧"
"""The prefixes of the product's own notes to the model, which have the role of the user."""

INTRODUCTION_REPLY = (
    "Olá! Sou um simulador de atendimento: respondo por regras fixas, sem inteligência artificial."
)
HANDOFF_REPLY = (
    "Entendi que você quer falar com uma pessoa: eu passaria a conversa para um atendente."
)
NO_TEXT_REPLY = "Como posso ajudar?"


def build_reply(messages: list[dict[str, Any]]) -> str:
    """Reply to the texts that the user wrote after the last assistant message.

    Each tag ``#c<digits>-<digits>`` is echoed once per occurrence, in order, and occurs nowhere
    else in the reply, because message audits count the tags.
    """
    text = "\n".join(find_unanswered_texts(messages))
    tags = _TAG.findall(text)
    words = " ".join(_TAG.sub(" ", text).split())
    sentences = [f"Recebi {' '.join(tags)}."] if tags else []
    if words or not tags:
        sentences.append(_answer(words))
    return " ".join(sentences)


def _answer(words: str) -> str:
    if _HUMAN.search(words):
        return HANDOFF_REPLY
    if _GREETING.search(words):
        return INTRODUCTION_REPLY
    if not words:
        return NO_TEXT_REPLY
    return f"Entendi: “{words[:_MAX_QUOTE_LENGTH]}”."


def has_tag(text: str) -> bool:
    """Whether the text contains a tag."""
    return bool(_TAG.search(text))


def find_unanswered_texts(messages: list[dict[str, Any]]) -> list[str]:
    """The user's texts after the assistant's last text, oldest first."""
    texts: list[str] = []
    for message in reversed(messages):
        if message.get("role") == "assistant" and not message.get("tool_calls"):
            break
        if is_customer_message(message):
            texts.append(extract_text(message.get("content")))
    return texts[::-1]


def is_customer_message(message: dict[str, Any]) -> bool:
    """Whether the customer wrote the message, and not the product."""
    is_note = extract_text(message.get("content")).startswith((SITUATION, CORRECTION))
    return message.get("role") == "user" and not is_note


def extract_text(content: Any) -> str:
    """Return a message's text, which is a string or the text parts of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "\n".join(part for part in parts if isinstance(part, str))
