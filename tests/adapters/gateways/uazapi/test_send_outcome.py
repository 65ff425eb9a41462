"""The outcome table of a send, row by row (statement 3 of the design)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.adapters.gateways.uazapi.placeholder_escaping import escape_placeholders
from niochat.adapters.gateways.uazapi.send_outcome import (
    classify_send_error,
    classify_send_response,
    parse_retry_after,
)
from niochat.domain.conversation.commands import SendStatus
from niochat.ports.gateway import GatewaySendResult

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = ConnectionKey("gateway.test", 443, True, True, None, None, None)
RESET = ConnectionResetError(104, "reset")


def sent(external_id: str) -> GatewaySendResult:
    return GatewaySendResult(SendStatus.SENT, external_id)


def failed(code: str) -> GatewaySendResult:
    return GatewaySendResult(SendStatus.FAILED, code=code)


def uncertain(code: str) -> GatewaySendResult:
    return GatewaySendResult(SendStatus.UNCERTAIN, code=code)


def held(reason: str) -> GatewaySendResult:
    return GatewaySendResult(SendStatus.RETRY, code=reason, hold_reason=reason)


ROWS: list[tuple[int, object, GatewaySendResult]] = [
    (200, {"messageid": "3EB0A"}, sent("3EB0A")),
    (201, {"messageid": "9:3EB0A", "text": "disconnected"}, sent("3EB0A")),
    (200, {"id": "558130009999:3EB0A"}, sent("3EB0A")),
    (200, {"id": "r0123456789abcd"}, uncertain("no_message_id")),
    (200, {}, uncertain("no_message_id")),
    (204, None, uncertain("no_message_id")),
    (200, ["3EB0A"], uncertain("no_message_id")),
    (200, {"error": "WhatsApp disconnected"}, held("disconnected")),
    (400, {"error": "bad number"}, failed("gateway_400")),
    (400, {"error": "bad number", "messageid": "3EB0A"}, failed("gateway_400")),
    (404, None, failed("gateway_404")),
    (413, {}, failed("gateway_413")),
    (415, {}, failed("gateway_415")),
    (401, {"error": "Invalid token"}, held("unauthorized")),
    (500, {"error": "WhatsApp Disconnected"}, held("disconnected")),
    (503, {"error": "session is not connected"}, held("disconnected")),
    (400, {"response": {"message": "instance disconnected"}}, held("disconnected")),
    (500, {"error": "…", "provider_code": 463}, held("capped")),
    (400, {"error": "…", "provider_code": "463"}, held("capped")),
    (429, {}, GatewaySendResult(SendStatus.RETRY, code="gateway_429", retry_in_s=7.0)),
    (503, "<html>", GatewaySendResult(SendStatus.RETRY, code="gateway_503", retry_in_s=7.0)),
    (500, {"error": "boom"}, uncertain("gateway_500")),
    (502, None, uncertain("gateway_502")),
    (504, None, uncertain("gateway_504")),
    (302, None, uncertain("gateway_302")),
    (409, {}, uncertain("gateway_409")),
]


@pytest.mark.parametrize(("status", "body", "expected"), ROWS)
def test_an_answer_has_one_outcome(status: int, body: object, expected: GatewaySendResult) -> None:
    assert classify_send_response(status, body, 7.0) == expected


def test_a_line_that_broke_while_sending_may_have_sent() -> None:
    words = "failed: websocket disconnected before message send returned response"
    assert classify_send_response(500, {"error": words}) == uncertain("answer_lost")


@pytest.mark.parametrize(
    "cause",
    [
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")),
        aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown name")),
        aiohttp.ConnectionTimeoutError(),
        aiohttp.InvalidUrlClientError("gateway"),
        aiohttp.NonHttpUrlClientError("ftp://gateway"),
    ],
)
def test_what_never_left_goes_back_to_the_queue(cause: Exception) -> None:
    error = httpx.ConnectTimeout("mapped")
    error.__cause__ = cause
    assert classify_send_error(error) == GatewaySendResult(SendStatus.RETRY, code="unreachable")


@pytest.mark.parametrize(
    "cause",
    [
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "reset"),
        aiohttp.ClientConnectionResetError("closing"),
        aiohttp.SocketTimeoutError(),
        aiohttp.ClientPayloadError(),
        RESET,
        None,
    ],
)
def test_a_connection_called_timed_out_may_have_carried_the_message(
    cause: Exception | None,
) -> None:
    error = httpx.ConnectTimeout("httpx-aiohttp says so of every broken connection")
    error.__cause__ = cause
    assert classify_send_error(error) == uncertain("answer_lost")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 5.0),
        ("", 5.0),
        ("soon", 5.0),
        ("nan", 5.0),
        ("12", 12.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("999999", 3600.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
    ],
)
def test_a_wish_to_wait_is_read_in_both_forms(header: str | None, seconds: float) -> None:
    assert parse_retry_after(header, NOW) == seconds


@settings(database=None, deadline=None)
@given(st.text(st.sampled_from("{}a \u200b\x00\ud800") | st.characters()))
def test_nothing_is_left_for_the_gateway_to_fill_in(text: str) -> None:
    left = escape_placeholders(text)
    assert "{{" not in left
    assert "\x00" not in left
    left.encode()
    assert escape_placeholders(left) == left


@settings(database=None, deadline=None)
@given(st.text(st.sampled_from("{}a b") | st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_neutralised_text_looks_the_same(text: str) -> None:
    assert escape_placeholders(text).replace("\u200b", "") == text.replace("\u200b", "")
    if "{{" not in text:
        assert escape_placeholders(text) == text
