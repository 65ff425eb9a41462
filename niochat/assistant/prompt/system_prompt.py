"""The system prompt: a template with the tenant's persona and facts, and a hash as its version.

The prompt is the same for all conversations of a tenant; the state note has what changes. An
endpoint can therefore keep the prompt in its cache.
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
    """The system prompt of one tenant.

    ``version`` identifies the template and is stored with the turn. ``rules`` are the template's
    own lines, which must not be quoted to customers; ``persona_text`` is the tenant's persona.
    """

    text: str
    version: str
    rules: tuple[str, ...]
    persona_text: str
    any_language: bool
    """Whether replies may be in the customer's language."""


def build_system_prompt(persona: Mapping[str, object], facts: str = "") -> SystemPrompt:
    """Build the prompt of one tenant.

    Braces in the tenant's texts are text, never placeholders. ``facts``: the lines of
    :func:`~niochat.assistant.prompt.provider_prompt.format_provider_facts`.
    """
    template, version, rules = _load_template()
    persona_values = {name: str(persona[name]) for name in _DEFAULTS if persona.get(name)}
    language = str(persona.get("language") or "portuguese")
    settings = {**_DEFAULTS, **persona_values}
    greeting = settings["greeting"]
    # The facts are not part of the persona text: the guardrail checks them one by one, because as
    # plain words they would allow too much.
    values = {
        **settings,
        "greeting": greeting and f"Saudação: {greeting}",
        "language": _LANGUAGES.get(language, _LANGUAGES["portuguese"]),
        "facts": facts and f"{FACTS_HEADING}\n{facts}",
    }
    # In one pass, so that placeholders in the inserted text are not replaced.
    text = _PLACEHOLDER.sub(lambda found: values[found[1]], template)
    whole = _GAP.sub("\n\n", text).strip()
    return SystemPrompt(whole, version, rules, " ".join(settings.values()), language == "customer")


def rules_text() -> str:
    """The rules that the assistants of all tenants have."""
    return " | ".join(_load_template()[2])


@cache
def _load_template() -> tuple[str, str, tuple[str, ...]]:
    """Return (text, version, rules) of the template. Lines of the examples are no rules: they may
    be quoted.
    """
    text = _FILE.read_text(encoding="utf-8")
    lines = text.partition(_EXAMPLES)[0].splitlines()
    rules = tuple(line for line in lines if not _PLACEHOLDER.search(line))
    return text, f"atendimento-{sha256(text.encode()).hexdigest()[:8]}", rules
