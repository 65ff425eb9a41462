"""Promises about logs."""

from typing import Any

import orjson
import pytest
import structlog
from pydantic import SecretStr

from niochat.structured_logging import configure_logging, mask_phone, redact_private_values


def logged(**values: Any) -> dict[str, Any]:
    return dict(redact_private_values(None, "info", {"event": "message_sent", **values}))


@pytest.fixture(autouse=True)
def as_before() -> Any:
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)


@pytest.mark.parametrize(
    "key",
    [
        "text",
        "body",
        "token",
        "cpf",
        "api_key",
        "apiKey",
        "accessToken",
        "HMAC",
        "password",
        "customer_text",
        "token_sealed",
        "Authorization",
        "raw",
        "vault-secret",
    ],
)
def test_text_and_secrets_never_reach_a_log(key: str) -> None:
    assert "preciso" not in str(logged(**{key: "preciso da fatura"}))


def test_nested_secrets_are_removed() -> None:
    event = logged(request={"chats": [{"text": "oi"}, {"sender": "5581999990000@s.whatsapp.net"}]})

    assert event["request"] == {"chats": [{"text": "[dropped]"}, {"sender": "…0000"}]}


@pytest.mark.parametrize("phone", ["5581999990000", 5581999990000, "5581999990000@lid"])
def test_of_a_phone_only_the_last_four_digits_stay(phone: object) -> None:
    assert logged(phone=phone)["phone"] == "…0000"
    assert logged(customerPhone=phone)["customerPhone"] == "…0000"
    assert logged(phones=[phone])["phones"] == ["…0000"]


def test_a_short_number_is_not_shown_whole() -> None:
    assert mask_phone("1234") == "…"


def test_bytes_and_wrapped_secrets_are_dropped_whatever_their_key() -> None:
    event = logged(value=b"\x01secret", other=SecretStr("secret"))

    assert event["value"] == event["other"] == "[dropped]"


def test_an_address_is_shown_without_its_log_in_and_without_the_webhook_secret() -> None:
    event = logged(
        store="redis://:pa55@127.0.0.1/0",
        path="https://desk.example.com/webhooks/uazapi/0198-aa/pa55-word_?x=1",
    )

    assert event["store"] == "redis://…@127.0.0.1/0"
    assert event["path"] == "https://desk.example.com/webhooks/uazapi/0198-aa/…?x=1"


def test_ids_counts_and_codes_are_logged() -> None:
    harmless = {
        "thread": "0198-aa",
        "tokens_in": 812,
        "max_tokens": 800,
        "text_length": 12,
        "prompt_version": "atendimento-1f",
        "dedupe_key": "text:3EB0",
        "code": "timeout",
    }

    assert logged(**harmless) == {"event": "message_sent", **harmless}


def test_a_log_line_is_one_json_object_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", json=True)
    log = structlog.get_logger("niochat.outbox")

    log.debug("claim_looked")
    log.warning("send_failed", outbox="0198", text="oi", values=(1, 2))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    event = orjson.loads(lines[0])
    assert event.pop("at").endswith("Z")
    assert event == {
        "event": "send_failed",
        "level": "warning",
        "outbox": "0198",
        "text": "[dropped]",
        "values": [1, 2],
    }


def test_an_exception_is_logged_in_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", json=True)

    try:
        raise LookupError("gone")
    except LookupError:
        structlog.get_logger().exception("look_failed")

    assert "LookupError: gone" in orjson.loads(capsys.readouterr().err)["exception"]


@pytest.mark.parametrize("json", [True, False])
def test_what_a_database_quotes_of_a_row_is_not_in_the_trace(
    capsys: pytest.CaptureFixture[str], json: bool
) -> None:
    configure_logging("info", json=json)
    quoted = "duplicate key\nDETAIL:  Key (value)=(maria@example.com) exists.\nof 5581999990000"

    try:
        raise LookupError(quoted)
    except LookupError:
        structlog.get_logger().exception("look_failed")

    said = capsys.readouterr().err
    assert "LookupError: duplicate key" in said
    assert "…0000" in said
    assert "maria" not in said
    assert "5581999990000" not in said


def test_a_person_reads_the_same_without_braces(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", json=False)

    structlog.get_logger().info("message_sent", thread="0198", token="abc")

    said = capsys.readouterr().err
    assert "message_sent" in said
    assert "abc" not in said
