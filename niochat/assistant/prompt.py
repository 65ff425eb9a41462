"""The system prompt, from a file and the tenant's persona; its version is its content's hash."""

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


@dataclass(frozen=True, slots=True)
class Prompt:
    """``version`` names what the model was told; it is kept with the turn."""

    text: str
    version: str


def system_prompt(persona: Mapping[str, object], protocol: str) -> Prompt:
    """The prompt of one tenant. A persona's braces are text, never placeholders."""
    template, version = _template()
    values = {**_DEFAULTS, **{k: str(v) for k, v in persona.items() if v}, "protocol": protocol}
    text = template
    for name in (*_DEFAULTS, "protocol"):
        text = text.replace("{" + name + "}", values[name])
    return Prompt(text.strip(), version)


@cache
def _template() -> tuple[str, str]:
    text = _FILE.read_text(encoding="utf-8")
    return text, f"atendimento-{sha256(text.encode()).hexdigest()[:8]}"
