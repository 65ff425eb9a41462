"""A canned text has the variables that screens know, and no others."""

import pytest

from niochat.conversations.canned.canned_text import CANNED_VARIABLES, check_canned_text
from niochat.domain.errors import InvalidInputError


@pytest.mark.parametrize("name", CANNED_VARIABLES)
def test_every_variable_is_accepted(name: str) -> None:
    check_canned_text(f"{{{{{name}}}}}, {{{{ {name} }}}}!")


@pytest.mark.parametrize("text", ["", "Olá", "{isto}", "a { b } c", "100% {}"])
def test_a_text_without_variables_is_accepted(text: str) -> None:
    check_canned_text(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{contato.cpf}}", "{{contato.cpf}}"),
        ("{{nome}} e {{protocolo}}", "{{nome}}"),
        ("{{}}", "{{}}"),
        ("{{Protocolo}}", "{{Protocolo}}"),
        ("{{protocolo", "not closed"),
        ("protocolo}}", "not opened"),
        ("{{{{protocolo}}}}", "not closed"),
    ],
)
def test_another_variable_is_refused_and_the_known_ones_are_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInputError, match=r"contato\.primeiro_nome") as refused:
        check_canned_text(text)
    assert refused.value.code == "unknown_variable"
    assert named in str(refused.value)
