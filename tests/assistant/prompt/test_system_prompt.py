"""What the model is told: the tenant's persona is text in it, whatever it says."""

import pytest

from niochat.assistant.prompt.system_prompt import build_system_prompt


def test_the_persona_and_the_facts_are_in_the_prompt() -> None:
    persona = {"name": "Nia", "company": "Rede Azul", "style": "breve", "greeting": "Oi, sou eu."}

    text = build_system_prompt(persona, "Taxa de instalação: R$ 50,00").text

    for said in (
        "Você é Nia e atende",
        "provedor de internet Rede Azul.",
        "breve",
        "Oi, sou eu.",
        "Taxa de instalação: R$ 50,00",
    ):
        assert said in text


def test_one_tenants_prompt_is_the_same_in_every_conversation() -> None:
    """An end point keeps what it has read: nothing of a visit may stand in it."""
    persona = {"name": "Nia", "company": "Rede Azul"}

    assert build_system_prompt(persona) == build_system_prompt(dict(persona))
    assert "protocolo deste" not in build_system_prompt(persona).text


@pytest.mark.parametrize(
    ("language", "said", "any_language"),
    [
        (None, "em outra língua", False),
        ("portuguese", "em outra língua", False),
        ("customer", "ou a língua em que o cliente escreve", True),
        ("?", "em outra língua", False),
    ],
)
def test_the_tenant_says_in_which_language_strangers_are_answered(
    language: str | None, said: str, any_language: bool
) -> None:
    prompt = build_system_prompt({"language": language})

    assert said in prompt.text
    assert prompt.any_language is any_language


def test_examples_hold_no_figure_and_may_be_said() -> None:
    """What an example says is no rule to hide, and a figure in it would be taken for known."""
    prompt = build_system_prompt({})
    examples = prompt.text.partition("\nExemplos\n")[2]

    assert examples
    assert not any(line in examples for line in prompt.rules if line)
    assert "R$" not in examples


@pytest.mark.parametrize(
    "said",
    [
        "{facts}",
        "{language}",
        "{company}",
        "{style}",
        "{name}",
        "{greeting}",
        "{0}",
        "{",
        "}}",
        "{unknown}",
        r"\1",
        "%s",
    ],
)
@pytest.mark.parametrize("field", ["name", "company", "style", "greeting"])
def test_braces_of_a_persona_stay_text(field: str, said: str) -> None:
    text = build_system_prompt({field: f"<{said}>", "other": said}).text

    assert f"<{said}>" in text


def test_what_a_persona_leaves_out_has_a_default_and_no_placeholder_is_left() -> None:
    text = build_system_prompt({"name": "", "company": None, "protocol": "9"}).text

    assert "{" not in text
    assert "a assistente virtual" in text
    assert "\n\n\n" not in text


def test_the_version_names_the_template_and_not_the_tenant() -> None:
    one, other = build_system_prompt({"name": "Nia"}), build_system_prompt({"name": "Bia"}, "fatos")

    assert one.version == other.version
    assert one.version.startswith("atendimento-")
