"""What the server itself says of payments, amounts and places holds what the result holds."""

import pytest

from niochat.assistant.guardrail.fallback.fallback_replies import find_fallback_reply
from tests.assistant.guardrail.guardrail_contexts import HOLDER, build_turn_context

OPEN = {"valor": "R$ 99,90", "vencimento": "10/12/2026", "situacao": "em aberto"}
PAID = {**OPEN, "situacao": "paga", "pago_em": "21/11/2026"}


@pytest.mark.parametrize(
    ("tool", "result", "said"),
    [
        (
            "consultar_pagamento",
            {"consultadas": [PAID], "faturas": []},
            "A fatura de R$ 99,90, vencimento 10/12/2026, consta como paga em 21/11/2026.",
        ),
        (
            "consultar_pagamento",
            {"consultadas": [{**OPEN, "situacao": "não está mais em aberto"}], "faturas": []},
            "A fatura de R$ 99,90, vencimento 10/12/2026, não está mais em aberto no sistema.",
        ),
        (
            "consultar_pagamento",
            {"consultadas": [OPEN], "faturas": [OPEN]},
            "ainda consta em aberto.\nA baixa é automática: em minutos no PIX",
        ),
        ("consultar_pagamento", {"faturas": [OPEN]}, "ainda consta em aberto."),
        ("consultar_pagamento", {"faturas": []}, "Não há faturas em aberto neste contrato."),
        (
            "explicar_fatura",
            {
                **OPEN,
                "valor": "R$ 133,14",
                "valor_original": "R$ 129,90",
                "multa": "R$ 2,60",
                "diferenca": "R$ 33,24 a mais que a anterior",
                "sem_explicacao": "R$ 30,00",
            },
            "valor original R$ 129,90; multa R$ 2,60.\nSão R$ 33,24 a mais que a anterior.\n"
            "O motivo de R$ 30,00 o sistema não informa.",
        ),
        (
            "explicar_fatura",
            {**OPEN, "diferenca": "nenhuma para a anterior"},
            "valor original não informado.",
        ),
        (
            "verificar_cobertura",
            {"cobertura": "sim", "local": "CEP 53110-000"},
            "Temos cobertura nesse local.",
        ),
        (
            "verificar_cobertura",
            {"cobertura": "nao", "local": "CEP 57000-000"},
            "Hoje não temos cobertura nesse local",
        ),
        ("verificar_cobertura", {"cobertura": "desconhecida"}, "Não consegui confirmar"),
        (
            "consultar_chamados",
            {
                "chamados": [
                    {
                        "protocolo": "7",
                        "situacao": "aberto",
                        "data": None,
                        "agendado_para": "24/11/2026 14:00",
                    }
                ]
            },
            "7: aberto, visita em 24/11/2026 14:00",
        ),
    ],
)
def test_a_billing_reply_contains_the_tool_result(
    tool: str, result: dict[str, object], said: str
) -> None:
    assert said in find_fallback_reply(build_turn_context(HOLDER, (tool, {"ok": True, **result})))
