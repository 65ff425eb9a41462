"""What customers' files say, as the model reads it: a marker in front of the customer's own words.

A transcript is what the customer said. What stands in a picture or a PDF is nobody's word: it is
shown as such, and neither consent, nor a document, nor an instruction is taken from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from niochat.domain.message import Kind
from niochat.domain.plain import cut

READ = "read"
MOST_QUOTED = 200
"""Characters of what a screen shows."""
_NO_MARKS = str.maketrans({"⟦": "(", "⟧": ")", "[": "(", "]": ")"})
_NAMES = {Kind.IMAGE: "imagem", Kind.DOCUMENT: "PDF"}
_LIGHTS = {"red": "vermelha", "off": "apagada", "green": "verde"}


@dataclass(frozen=True, slots=True)
class Told:
    """``marker``: what stands for the file. ``said``: what the customer said in it. ``facts``:
    what it shows, empty where nobody knows.
    """

    marker: str
    said: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def told(kind: Kind, reading: object) -> Told | None:
    """Of (status, text, facts) of a message's reading; ``None``: nobody was to read it."""
    if not isinstance(reading, list) or len(reading) != 3:
        return None
    status, text, facts = reading
    if kind in (Kind.VOICE, Kind.AUDIO):
        if status != READ:
            return Told("⟦áudio sem transcrição⟧")
        return Told("⟦áudio⟧", _unmarked(text))
    if kind not in _NAMES:
        return None
    if status != READ or not isinstance(facts, Mapping):
        return Told(f"⟦{_NAMES[kind]}⟧")
    return Told(f"⟦{_shown(kind, facts)}⟧", facts=facts)


def _shown(kind: Kind, facts: Mapping[str, Any]) -> str:
    name = _NAMES[kind]
    match facts.get("kind"):
        case "los_light":
            light = _LIGHTS.get(str(facts.get("luz_los")), "que não dá para distinguir")
            return f"{name}: luz LOS {light}"
        case "receipt":
            told = (_money(facts, "value"), _day(facts, "date"), _text(facts, "payee"))
            return _listed("comprovante", told)
        case "boleto":
            due = _day(facts, "due")
            told = (_money(facts, "value"), due and f"vencimento {due}", _text(facts, "line"))
            return _listed(f"{name}: boleto", told)
        case "error_screen":
            return f"{name}: tela de erro «{_text(facts, 'text')}»"
        case _:
            return name


def _listed(name: str, told: tuple[str, ...]) -> str:
    known = ", ".join(each for each in told if each)
    return f"{name}: {known}" if known else name


def _text(facts: Mapping[str, Any], name: str) -> str:
    return cut(_unmarked(str(facts.get(name) or "")), MOST_QUOTED)


def _money(facts: Mapping[str, Any], name: str) -> str:
    try:
        amount = Decimal(str(facts.get(name)))
    except InvalidOperation:
        return ""
    if not amount.is_finite():
        return ""
    whole = f"{amount:,.2f}"
    return "R$ " + whole.translate(str.maketrans(",.", ".,"))


def _day(facts: Mapping[str, Any], name: str) -> str:
    try:
        return f"{date.fromisoformat(str(facts.get(name))):%d/%m/%Y}"
    except ValueError:
        return ""


def _unmarked(text: str) -> str:
    """So that nothing in a file looks like one of our own marks."""
    return text.translate(_NO_MARKS)
