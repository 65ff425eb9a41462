"""Journeys without a model: one fixed sentence, people take over, and the reason can be read."""

from typing import Any

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.provider_definitions import SPEECHLESS

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ({"kind": "drop"}, "model_unreachable", "o modelo está inacessível"),
        ({"kind": "hang", "seconds": 20}, "model_timeout", "o modelo não respondeu a tempo"),
        (
            {"kind": "status", "status": 401},
            "model_unauthorized",
            "o modelo recusou a chave (api_key)",
        ),
    ],
)
async def test_without_a_model_the_customer_hears_one_true_sentence_and_waits_for_people(
    running_product: EndToEndFixture, fault: dict[str, Any], code: str, reason: str
) -> None:
    customer = running_product.customer(SPEECHLESS)
    await running_product.inject_fault("model", token=SPEECHLESS.key, **fault)

    await customer.tell(1)
    (sentence,) = await customer.hears(1)
    await customer.shows("messages", "status", None, None, "read")
    await running_product.clear_faults()
    await customer.tell(2)
    await customer.stored(2)

    conversation = await customer.conversation()
    assert conversation is not None
    assert (conversation["status"], conversation["team"]) == ("waiting", "atendimento")
    assert sentence.startswith("No momento não consigo responder por aqui.")
    assert conversation["protocol"] in sentence
    assert await customer.column("turns", "status") == ["failed"]
    assert await customer.column("turns", "code") == [code]
    assert await customer.column("messages", "kind") == ["text", "note", "text", "text"]
    assert await customer.column("messages", "author") == [
        "customer",
        "system",
        "system",
        "customer",
    ]
    assert await customer.heard() == [sentence]

    shown = await running_product.niochat(
        "show", conversation["protocol"], "--tenant", SPEECHLESS.tenant
    )
    assert "Em espera" in shown.out
    assert reason in shown.out
