"""The variables of canned responses. Screens replace them before an agent sees the text."""

import re

from niochat.domain.errors import InvalidInputError

CANNED_VARIABLES = {
    "contato.nome": "the name of the contact",
    "contato.primeiro_nome": "the first word of the contact's name",
    "contato.telefone": "the phone number of the contact",
    "atendente.nome": "the name of the agent who sends the message",
    "atendente.primeiro_nome": "the first word of the agent's name",
    "equipe": "the name of the conversation's team",
    "protocolo": "the protocol number of the conversation",
    "saudacao": "Bom dia, Boa tarde or Boa noite, by the provider's time zone",
}
"""Each variable with its value."""
_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")


def check_canned_text(text: str) -> None:
    """Raise ``InvalidInputError`` (``unknown_variable``), which names the variables that exist, for
    a text with another one or with braces that enclose none.
    """
    unknown = sorted({name.strip() for name in _VARIABLE.findall(text)} - CANNED_VARIABLES.keys())
    if unknown:
        names = ", ".join("{{" + name + "}}" for name in unknown)
        raise _unknown_variable_error(f"Unknown variables: {names}.")
    if "{{" in (rest := _VARIABLE.sub("", text)) or "}}" in rest:
        raise _unknown_variable_error("A variable is not closed, or was not opened.")


def _unknown_variable_error(problem: str) -> InvalidInputError:
    names = ", ".join("{{" + name + "}}" for name in CANNED_VARIABLES)
    return InvalidInputError(f"{problem} The variables are {names}.", code="unknown_variable")
