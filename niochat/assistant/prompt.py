"""The system prompt, from a file and the tenant's persona; its version is its content's hash."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

_FILE = Path(__file__).parent / "prompts" / "atendimento.md"
_DEFAULTS = {
    "name": "a assistente virtual",
    "company": "o provedor",
    "style": "cordial e objetivo",
    "greeting": "",
}
HEADING = "O que o provedor informou (o que não está aqui nem veio de ferramenta, você não sabe):"
_PLACEHOLDER = re.compile("{(" + "|".join((*_DEFAULTS, "protocol", "facts")) + ")}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """``version`` names what the model was told; it is kept with the turn.

    ``rules`` are the lines that are ours and nobody's to read; ``told`` is the tenant's persona.
    """

    text: str
    version: str
    rules: tuple[str, ...]
    told: str


def system_prompt(persona: Mapping[str, object], protocol: str, facts: str = "") -> Prompt:
    """The prompt of one tenant. A persona's braces are text, never placeholders. ``facts``: lines
    of what the provider told of itself.
    """
    template, version, rules = _template()
    said = {name: str(persona[name]) for name in _DEFAULTS if persona.get(name)}
    values = {**_DEFAULTS, **said, "protocol": protocol}
    # The guard looks facts up one by one: as words anybody may say they would allow too much.
    told = " ".join(values.values())
    values["facts"] = facts and f"{HEADING}\n{facts}"
    # In one pass: what was put in is not looked at again.
    text = _PLACEHOLDER.sub(lambda found: values[found[1]], template)
    return Prompt(text.strip(), version, rules, told)


def rules_text() -> str:
    """What every tenant's assistant is told of how things go."""
    return " | ".join(_template()[2])


@cache
def _template() -> tuple[str, str, tuple[str, ...]]:
    """Text, version, rules."""
    text = _FILE.read_text(encoding="utf-8")
    rules = tuple(line for line in text.splitlines() if not _PLACEHOLDER.search(line))
    return text, f"atendimento-{sha256(text.encode()).hexdigest()[:8]}", rules
