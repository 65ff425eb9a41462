"""What leaves is a text of WhatsApp: no thinking, no marks, no markdown, no HTML, and all of it."""

import pytest

from niochat.assistant.text.chat_text import (
    MAX_MESSAGE_CHARS,
    drop_incomplete_sentence,
    is_incomplete,
    split_into_messages,
    to_chat_text,
)

TEXTS = [
    ("**Fatura** de R$ 99,90", "*Fatura* de R$ 99,90"),
    ("***Atenção***: hoje", "*Atenção*: hoje"),
    ("__Plano__ e ~~antigo~~", "*Plano* e ~antigo~"),
    ("*Já certo* e _itálico_", "*Já certo* e _itálico_"),
    ("*M**** d* S*****, encontrei seu cadastro", "*M**** d* S*****, encontrei seu cadastro"),
    ("### Seus planos\ntexto", "*Seus planos*\ntexto"),
    ("## **Seus planos**", "*Seus planos*"),
    ("* um\n* dois", "- um\n- dois"),
    ("antes\n\n---\n\ndepois", "antes\n\ndepois"),
    ("| Plano | Preço |\n|---|---|\n| 300 | R$ 79,90 |", "*Plano - Preço*\n300 - R$ 79,90"),
    ("linha 1<br>linha 2<br/>linha 3", "linha 1\nlinha 2\nlinha 3"),
    ("<p>Olá, <b>Maria</b></p><ul><li>um</li><li>dois</li></ul>", "Olá, *Maria*\n\n- um\n- dois"),
    ("Jo&atilde;o &amp; Maria&nbsp;Silva &#39;ok&#39;", "João & Maria Silva 'ok'"),
    ("<think>The user wants…</think>Olá!", "Olá!"),
    ("<thinking>\nlinha\n</thinking>\n\nOlá!", "Olá!"),
    ("I should greet.</think>Olá!", "Olá!"),
    ("Olá!<think>sem fim", "Olá!"),
    ("<think>só pensa", ""),
    ("Olá!<|im_end|>", "Olá!"),
    ("<|im_start|>assistant\nOlá!<|im_end|>", "Olá!"),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nOlá!<|eot_id|>", "Olá!"),
    (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Olá!",
        "Olá!",
    ),
    ("<start_of_turn>model\nOlá!<end_of_turn>", "Olá!"),
    ("[INST]x[/INST] Olá!</s>", "x Olá!"),
    ("assistant: Olá!", "Olá!"),
    ("Qual é o seu CPF, por favor? Qual é o seu CPF, por favor?", "Qual é o seu CPF, por favor?"),
    ("Sim. Sim.", "Sim. Sim."),
    ("[Teste aqui](https://a.example/t)", "Teste aqui: https://a.example/t"),
    ("[https://a.example](https://a.example)", "https://a.example"),
    ("R\\$ 99,90 \\*não\\*", "R\\$ 99,90 *não*"),
    (
        "1 - *R$ 99,90*, vencimento 10/11/2026\n2 - *R$ 99,90*, vencimento 10/12/2026",
        "1 - *R$ 99,90*, vencimento 10/11/2026\n2 - *R$ 99,90*, vencimento 10/12/2026",
    ),
    ("temperatura < 30 e > 10", "temperatura < 30 e > 10"),
]


@pytest.mark.parametrize(("written", "shown"), TEXTS)
def test_what_whatsapp_cannot_show_is_turned_into_what_it_can(written: str, shown: str) -> None:
    assert to_chat_text(written) == shown
    assert to_chat_text(shown) == shown, "and is not turned again"


def test_a_sentence_that_comes_four_times_is_said_once() -> None:
    assert to_chat_text("\n".join(["Vou te ajudar com isso agora."] * 4)) == (
        "Vou te ajudar com isso agora."
    )


def test_a_long_text_is_parted_at_paragraphs_and_loses_nothing() -> None:
    paragraphs = [f"Parágrafo {n}. " + "palavra " * 120 for n in range(7)]
    text = "\n\n".join(each.strip() for each in paragraphs) + "\n\nProtocolo: 20261122000001"

    parts = split_into_messages(text)

    assert len(parts) == 2
    assert all(len(part) <= MAX_MESSAGE_CHARS for part in parts)
    assert "\n\n".join(parts) == text
    assert parts[-1].endswith("Protocolo: 20261122000001")


@pytest.mark.parametrize("joint", ["\n", ". ", " ", ""])
def test_a_long_paragraph_is_parted_where_it_can_be(joint: str) -> None:
    text = joint.join(["palavra" * 3] * 400)

    parts = split_into_messages(text)

    assert all(0 < len(part) <= MAX_MESSAGE_CHARS for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert not joint or all(part.strip(".").endswith("palavra") for part in parts)


def test_half_a_sentence_is_known_as_one_and_can_be_left_out() -> None:
    assert is_incomplete("Sua fatura é de")
    assert not is_incomplete("Sua fatura é de R$ 99,90.")
    assert drop_incomplete_sentence("Olá! Tudo bem? Sua fatura é de R$ 99.") == (
        "Olá! Tudo bem?"
    ), "half an amount is not said"
    assert drop_incomplete_sentence("Olá! Sua fatura custa R$ 99.9") == "Olá!"
    assert drop_incomplete_sentence("Sua fatura é de") == ""
