"""Journeys of ``niochat say``, as a customer of the demo provider."""

import pytest

from tests.end_to_end.conftest import EndToEndFixture

pytestmark = pytest.mark.asyncio


async def test_a_question_is_answered(running_product: EndToEndFixture) -> None:
    said = await running_product.niochat("say", "+5581977770001", "oi, quero a segunda via")

    assert said.code == 0
    assert "CPF" in said.out


async def test_say_ends_with_1_when_no_answer_comes(running_product: EndToEndFixture) -> None:
    await running_product.inject_fault("model", "hang", "sandbox-demo", seconds=8)

    said = await running_product.niochat("say", "+5581977770002", "oi", "--wait", "1", code=1)

    assert "no answer within 1 s" in said.out
    assert "niochat:" not in said.out


async def test_the_screen_shows_what_was_said_as_it_was_said(
    running_product: EndToEndFixture,
) -> None:
    """Brackets are text to a customer, and styles to a careless terminal."""
    words = "#c770003-1 quero [bold]isto[/bold] e [/nada]"  # tagged: the model repeats it
    said = await running_product.niochat("say", "+5581977770003", words)

    assert "quero [bold]isto[/bold] e [/nada]" in said.out

    shown = await running_product.niochat("show", "+5581977770003", "--tenant", "demo")

    assert "quero [bold]isto[/bold] e [/nada]" in shown.out


async def test_a_voice_note_that_asks_for_the_invoice_is_answered(
    running_product: EndToEndFixture,
) -> None:
    said = await running_product.niochat(
        "say", "+5581977770004", "--voice", "quero pagar minha fatura"
    )
    assert "CPF" in said.out

    shown = await running_product.niochat("show", "+5581977770004", "--tenant", "demo")
    assert "áudio: «quero pagar minha fatura»" in shown.out


async def test_a_photo_is_sent_and_read(running_product: EndToEndFixture) -> None:
    await running_product.niochat("say", "+5581977770005", "olha", "--file", "los-vermelha")

    shown = await running_product.niochat("show", "+5581977770005", "--tenant", "demo")
    assert "arquivo: kind: los_light, luz_los: red" in shown.out


async def test_a_file_that_nobody_has_and_a_note_with_a_caption_are_told(
    running_product: EndToEndFixture,
) -> None:
    unknown = await running_product.niochat("say", "+5581977770006", "--file", "nada", code=1)
    assert "los-vermelha" in unknown.err

    both = await running_product.niochat("say", "+5581977770006", "oi", "--voice", "oi", code=1)
    assert "a voice note has neither a file nor a text" in both.err
