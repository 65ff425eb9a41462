"""Describe customers' files for the model: a marker before the customer's own words.

The transcript of a voice note counts as the customer's statement. The content of a picture or PDF
does not: it is marked as such, and no consent, tax id or instruction is taken from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from niochat.assistant.text.text_normalization import fold
from niochat.domain.message import MessageKind
from niochat.domain.text_validation import truncate_text

READ_STATUS = "read"
MAX_QUOTED_CHARS = 200
"""Characters quoted from an error screen."""
_NO_MARKS = str.maketrans({"⟦": "(", "⟧": ")", "[": "(", "]": ")"})
_INSTRUCTIONS = re.compile(
    r"\b(ignor|instruc|sistema|system|assistente|assistant|tool|ferrament|liber|desbloque|abra|abrir|"
    r"chamado|transfer|encerr|cancel|desconto|cpf|cnpj|contrato|pix|chave|pague|senha|token|sim\b|"
    r"autoriz|confirm|cliente)"
)
"""Words that no error screen shows, but that a prompt injection through a picture would need."""
_NAMES = {MessageKind.IMAGE: "imagem", MessageKind.DOCUMENT: "PDF"}
_LIGHTS = {"red": "vermelha", "off": "apagada", "green": "verde"}


@dataclass(frozen=True, slots=True)
class AttachmentText:
    """The description of one file.

    ``marker``: the text that stands for the file. ``statement``: what the customer said in a voice
    note. ``facts``: what the file shows; empty if it was not read.
    """

    marker: str
    statement: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def describe_attachment(kind: MessageKind, reading: object) -> AttachmentText | None:
    """Describe a file by its stored reading (status, text, facts); ``None``: it was not
    to be read.
    """
    if not isinstance(reading, list) or len(reading) != 3:
        return None
    status, text, facts = reading
    if kind in (MessageKind.VOICE, MessageKind.AUDIO):
        if status != READ_STATUS:
            return AttachmentText("⟦áudio sem transcrição⟧")
        return AttachmentText("⟦áudio⟧", _strip_markers(text))
    if kind not in _NAMES:
        return None
    if status != READ_STATUS or not isinstance(facts, Mapping):
        return AttachmentText(f"⟦{_NAMES[kind]}⟧")
    return AttachmentText(f"⟦{_describe_facts(kind, facts)}⟧", facts=facts)


def _describe_facts(kind: MessageKind, facts: Mapping[str, Any]) -> str:
    name = _NAMES[kind]
    match facts.get("kind"):
        case "los_light":
            light = _LIGHTS.get(str(facts.get("luz_los")), "que não dá para distinguir")
            return f"{name}: luz LOS {light}"
        case "receipt":
            paid = (
                _money_value(facts, "value"),
                _date_value(facts, "date"),
                _text_value(facts, "payee"),
            )
            return _join_known("comprovante", *paid)
        case "boleto":
            due = _date_value(facts, "due")
            owed = (_money_value(facts, "value"), due and f"vencimento {due}")
            return _join_known(f"{name}: boleto", *owed)
        case "error_screen":
            text = _text_value(facts, "text")
            quoted = f" «{text}»" if text and not _INSTRUCTIONS.search(fold(text)) else ""
            return f"{name}: tela de erro{quoted}"
        case _:
            return name


def format_quotable_values(facts: Mapping[str, Any]) -> str:
    """The amounts and dates that may be repeated to the sender of the file; never
    codes or texts.
    """
    shown = (_money_value(facts, "value"), _date_value(facts, "date"), _date_value(facts, "due"))
    return ", ".join(each for each in shown if each)


def _join_known(name: str, *parts: str) -> str:
    known = ", ".join(each for each in parts if each)
    return f"{name}: {known}" if known else name


def _text_value(facts: Mapping[str, Any], name: str) -> str:
    return truncate_text(_strip_markers(str(facts.get(name) or "")), MAX_QUOTED_CHARS)


def _money_value(facts: Mapping[str, Any], name: str) -> str:
    try:
        amount = Decimal(str(facts.get(name)))
    except InvalidOperation:
        return ""
    if not amount.is_finite():
        return ""
    whole = f"{amount:,.2f}"
    return "R$ " + whole.translate(str.maketrans(",.", ".,"))


def _date_value(facts: Mapping[str, Any], name: str) -> str:
    try:
        return f"{date.fromisoformat(str(facts.get(name))):%d/%m/%Y}"
    except ValueError:
        return ""


def _strip_markers(text: str) -> str:
    """Replace brackets, so that no text of a file looks like one of our markers."""
    return text.translate(_NO_MARKS)
