"""docs/message-kinds.md names all kinds and the details that screens meet."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from niochat.adapters.gateways.uazapi.parsing.content_parser import parse_content
from niochat.domain.message import FILE_KINDS, MessageKind
from niochat_sandbox.gateway.content_builders import CUSTOMER_KINDS, PhoneAction
from niochat_sandbox.gateway.gateway_instances import SimulatedInstance
from niochat_sandbox.gateway.webhook_payloads import build_customer_message

PAGE = (Path(__file__).parents[3] / "docs/message-kinds.md").read_text(encoding="utf-8")
ROWS = {
    kind: (json.loads(details), file)
    for kind, details, file in re.findall(
        r"(?m)^\| (\w+) \| [^|]+ \| `({.*})` \| ([^|]+) \|$", PAGE
    )
}
CHANGES = {"reaction", "edit", "deletion"}


def test_the_page_names_every_kind_once() -> None:
    assert set(ROWS) == {kind.value for kind in MessageKind}
    with_file = {kind for kind, (_, file) in ROWS.items() if file == "yes"}
    assert with_file == {kind.value for kind in FILE_KINDS}


@pytest.mark.parametrize("kind", sorted(CUSTOMER_KINDS - CHANGES))
def test_a_message_has_only_details_that_the_page_names(kind: str) -> None:
    instance = SimulatedInstance("token", "provedor")
    customer = instance.get_or_create_customer("5581988887777")
    action = PhoneAction(kind, "Oi", option="a|b", target="X", file="f.pdf", our_lid="1@lid")
    content = parse_content(build_customer_message(instance, customer, action))

    example: dict[str, Any] = ROWS[content.kind.value][0]
    assert set(content.details) <= set(example)
    for name, value in content.details.items():
        assert type(value) is type(example[name]), name


def test_the_loudness_of_a_voice_note_is_read() -> None:
    instance = SimulatedInstance("token", "provedor")
    customer = instance.get_or_create_customer("5581988887777")
    message = build_customer_message(instance, customer, PhoneAction("ptt"))
    values = parse_content(message).details["waveform"]
    assert values == list(base64.b64decode(message["content"]["waveform"]))
    for broken in ("?", "A" * 500, "////" * 21 + "/w=="):
        message["content"]["waveform"] = broken
        assert "waveform" not in parse_content(message).details
