"""Tool calls as screens show them: short, and without secrets."""

from typing import Any

import pytest

from niochat.http.rest.history.tool_call_masking import (
    MASK,
    MAX_ITEMS,
    MAX_TEXT_CHARS,
    present_tool_call,
)

PIX = "00020126580014br.gov.bcb.pix0136a1b2c3d4-0000-4000-8000-00000000000052040000530398"


def present(result: object = None, arguments: object = None) -> dict[str, Any]:
    return present_tool_call({"tool": "x", "arguments": arguments or {}, "result": result})


@pytest.mark.parametrize(
    "text", ["529.982.247-25", "cpf 52998224725", "11.222.333/0001-81", "81 99999-0000 1"]
)
def test_tax_ids_are_masked_wherever_they_are(text: str) -> None:
    call = present({"ok": True, "cliente": {"doc": text}}, {"cpf_cnpj": text, "outro": [text]})
    digits = [each for each in str(call) if each.isdigit()]
    assert len(digits) <= 6, "the last two of each"


def test_passwords_and_payment_codes_are_not_shown() -> None:
    call = present({"ok": True, "pix": PIX, "wifi": {"Senha": "abc"}}, {"token": "t0", "tipo": "w"})
    assert call["result"] == {"pix": MASK, "wifi": {"Senha": MASK}}
    assert call["arguments"] == {"token": MASK, "tipo": "w"}


def test_long_results_are_cut() -> None:
    deep: Any = "end"
    for _ in range(20):
        deep = {"in": deep}
    call = present({"ok": True, "text": "x" * 9_000, "rows": list(range(500)), "deep": deep})
    assert len(call["result"]["text"]) <= MAX_TEXT_CHARS
    assert len(call["result"]["rows"]) == MAX_ITEMS
    assert len(str(call)) < 2_000
    assert "end" not in str(call)


@pytest.mark.parametrize("stored", [{}, {"tool": "x", "arguments": "no json", "result": None}])
def test_a_call_of_any_shape_is_shown(stored: dict[str, Any]) -> None:
    call = present_tool_call(stored)
    assert (call["ok"], call["error"]) == (False, "failed")
    assert call["arguments"] in ({}, {"text": "no json"})


def test_a_refusal_names_its_code_and_no_guidance_for_the_model() -> None:
    call = present({"ok": False, "erro": "nao_confirmado", "orientacao": "Espere."})
    assert (call["ok"], call["error"]) == (False, "nao_confirmado")
    assert call["result"] == {"erro": "nao_confirmado"}
