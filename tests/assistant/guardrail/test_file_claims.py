"""What may be said of a customer's file is what was read in it; a receipt is only thanked for."""

from typing import Any

import pytest

from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.domain.message import Author
from tests.assistant.guardrail.guardrail_contexts import HOLDER, build_turn_context, check_text

RED = {"kind": "los_light", "luz_los": "red"}
RECEIPT = {"kind": "receipt", "value": "99.90", "date": "2026-11-10"}
BOLETO = {"kind": "boleto", "value": "89.90", "due": "2026-11-27"}
ERROR = {"kind": "error_screen", "text": "DNS"}


def sent(*files: dict[str, Any]) -> Any:
    lines = tuple(TranscriptLine(Author.CUSTOMER, "⟦…⟧", "", "", each) for each in files)
    return build_turn_context(HOLDER, lines=lines)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("Vi na foto que a luz LOS está vermelha.", [RED]),
        ("Na foto a luz LOS aparece vermelha. Vou verificar a sua conexão?", [RED]),
        ("Recebi seu comprovante, obrigada!", [RECEIPT]),
        ("Recebi seu comprovante de R$ 99,90, de 10/11/2026, obrigada!", [RECEIPT]),
        ("Vi no comprovante o valor de R$ 99,90.", [RECEIPT]),
        ("Vi na imagem a tela de erro.", [ERROR]),
    ],
)
def test_claims_backed_by_a_file_reading_are_allowed(
    text: str, files: list[dict[str, Any]]
) -> None:
    assert check_text(text, sent(*files)) is None


@pytest.mark.parametrize(
    ("text", "files", "code"),
    [
        ("Vi na foto que a luz LOS está vermelha.", [], "foto"),
        ("Vi na foto que a luz LOS está verde.", [RED], "foto"),
        ("Vi na foto que a luz LOS está vermelha.", [RECEIPT], "foto"),
        ("Vi na foto que a luz LOS está vermelha.", [RED, {**RED, "luz_los": "green"}], "foto"),
        ("Pagamento confirmado, obrigada!", [RECEIPT], "pagamento"),
        ("Recebi seu comprovante e o pagamento foi confirmado.", [RECEIPT], "pagamento"),
        ("Recebemos o seu pagamento de R$ 99,90.", [RECEIPT], "pagamento"),
        ("O comprovante confere com a fatura.", [RECEIPT], "foto"),
        ("Vi no comprovante que está pago.", [RECEIPT], "pagamento"),
        ("Recebi seu comprovante de R$ 1,00, obrigada!", [RECEIPT], "valor"),
        ("Sua fatura é de R$ 89,90.", [BOLETO], "valor"),
        ("Vi na imagem a tela de erro.", [RED], "foto"),
    ],
)
def test_more_than_a_file_shows_may_not(text: str, files: list[dict[str, Any]], code: str) -> None:
    assert check_text(text, sent(*files)) == code
