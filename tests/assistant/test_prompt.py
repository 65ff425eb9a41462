"""What the model is told: the tenant's persona is text in it, whatever it says."""

import pytest

from niochat.assistant.prompt import system_prompt


def test_the_persona_and_the_protocol_are_in_the_prompt() -> None:
    persona = {"name": "Nia", "company": "Rede Azul", "style": "breve", "greeting": "Oi, sou eu."}

    text = system_prompt(persona, "20260302000001").text

    for said in ("Você é Nia, assistente virtual de Rede Azul", "breve", "Oi, sou eu.",
                 "20260302000001"):  # fmt: skip
        assert said in text


@pytest.mark.parametrize(
    "said",
    ["{protocol}", "{company}", "{style}", "{name}", "{greeting}", "{0}", "{", "}}", "{unknown}",
     r"\1", "%s"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["name", "company", "style", "greeting"])
def test_braces_of_a_persona_stay_text(field: str, said: str) -> None:
    text = system_prompt({field: f"<{said}>", "other": said}, "20260302000001").text

    assert f"<{said}>" in text


def test_what_a_persona_leaves_out_has_a_default_and_no_placeholder_is_left() -> None:
    text = system_prompt({"name": "", "company": None, "protocol": "9"}, "20260302000001").text

    assert "{" not in text
    assert "a assistente virtual" in text
    assert "20260302000001" in text


def test_the_version_names_the_template_and_not_the_tenant() -> None:
    one, other = system_prompt({"name": "Nia"}, "1"), system_prompt({"name": "Bia"}, "2")

    assert one.version == other.version
    assert one.version.startswith("atendimento-")
