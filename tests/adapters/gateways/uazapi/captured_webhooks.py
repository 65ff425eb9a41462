"""Captured webhooks, remade with invented people, numbers and ids; same shape as the real ones."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[3]
FOLDER = _TESTS / "fixtures" / "uazapi"
REAL_FOLDER = _TESTS.parents[1] / "shared" / "fixtures" / "uazapi"
"""Beside the repository on our own machines; elsewhere those tests are skipped."""

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))
TEXT = "user-chat__from-others__text.sent"


def load_capture(name: str, folder: Path = FOLDER) -> dict[str, object]:
    """One captured body, fresh."""
    body = json.loads((folder / f"{name}.json").read_text())
    assert isinstance(body, dict)
    return body


def build_message_body(
    message: Mapping[str, object] | None = None, chat: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The captured text message with some fields of ``message`` and ``chat`` replaced."""
    body = load_capture(TEXT)
    for part, changes in (("message", message), ("chat", chat)):
        fields = body[part]
        assert isinstance(fields, dict)
        fields.update(changes or {})
    return body


def build_receipt_body(**changes: object) -> dict[str, object]:
    """A receipt as the Uazapi reference 2.3 shows it; ``changes`` go into ``event``."""
    event: dict[str, object] = {
        "MessageIDs": ["3EB0538DA65A59F6D8A251"],
        "Chat": "5581977776666@s.whatsapp.net",
        "Sender": "200000000000033@lid",
        "sender_pn": "5581977776666@s.whatsapp.net",
        "sender_lid": "200000000000033@lid",
        "IsFromMe": False,
        "IsGroup": False,
        "Timestamp": 1770923000,
        "Type": "",
    }
    return {
        "EventType": "messages_update",
        "type": "ReadReceipt",
        "state": "Delivered",
        "token": "fixture-token",
        "owner": "558130009999",
        "instanceName": "fibra-ficticia",
        "event": event | changes,
    }
