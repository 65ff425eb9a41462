"""The system prompt, from a file and what the tenant told; its version is its content's hash.

It is the same for all conversations of a tenant: what changes is told later, so that end points
can keep what they have read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

_FILE = Path(__file__).parent / "templates" / "atendimento.md"
_EXAMPLES = "\nExemplos\n"
_DEFAULTS = {
    "name": "a assistente virtual",
    "company": "o provedor",
    "style": "cordial e objetivo",
    "greeting": "",
}
_LANGUAGES = {
    "portuguese": ", mesmo que o cliente escreva em outra língua",
    "customer": ", ou a língua em que o cliente escreve",
}
FACTS_HEADING = (
    "O que o provedor informou (o que não está aqui nem veio de ferramenta, você não sabe):"
)
_PLACEHOLDER = re.compile("{(" + "|".join((*_DEFAULTS, "language", "facts")) + ")}")
_GAP = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """``version`` names what the model was told; it is kept with the turn.

    ``rules`` are the lines that are ours and nobody's to read; ``told`` is the tenant's persona.
    """

    text: str
    version: str
    rules: tuple[str, ...]
    persona_text: str
    any_language: bool
    """The customer's own may be answered in."""


def build_system_prompt(persona: Mapping[str, object], facts: str = "") -> SystemPrompt:
    """The prompt of one tenant. Braces in what the tenant told are text, never placeholders.
    ``facts``: lines of what the provider told of itself.
    """
    template, version, rules = _load_template()
    said = {name: str(persona[name]) for name in _DEFAULTS if persona.get(name)}
    language = str(persona.get("language") or "portuguese")
    told = {**_DEFAULTS, **said}
    greeting = told["greeting"]
    # The guard looks facts up one by one: as words anybody may say they would allow too much.
    values = {
        **told,
        "greeting": greeting and f"Saudação: {greeting}",
        "language": _LANGUAGES.get(language, _LANGUAGES["portuguese"]),
        "facts": facts and f"{FACTS_HEADING}\n{facts}",
    }
    # In one pass: what was put in is not looked at again.
    text = _PLACEHOLDER.sub(lambda found: values[found[1]], template)
    whole = _GAP.sub("\n\n", text).strip()
    return SystemPrompt(whole, version, rules, " ".join(told.values()), language == "customer")


def rules_text() -> str:
    """What every tenant's assistant is told of how things go."""
    return " | ".join(_load_template()[2])


@cache
def _load_template() -> tuple[str, str, tuple[str, ...]]:
    """Text, version, rules. What an example says may be said."""
    text = _FILE.read_text(encoding="utf-8")
    lines = text.partition(_EXAMPLES)[0].splitlines()
    rules = tuple(line for line in lines if not _PLACEHOLDER.search(line))
    return text, f"atendimento-{sha256(text.encode()).hexdigest()[:8]}", rules
