"""Classifies the outcome of a send: one table for responses, one for missing responses.

Source: Uazapi reference 2.1 and 2.2. Only a message that *certainly* did not leave may be queued
again. Any other outcome that is neither a plain success nor a refusal is uncertain, and the message
is looked up by ``track_id``.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_bare_id,
    read_number,
    read_object,
    read_text,
)
from niochat.domain.conversation.commands import SendStatus
from niochat.ports.gateway import GatewaySendResult

DEFAULT_RETRY_S = 5.0
_MAX_RETRY_S = 3600.0
_REFUSED = frozenset({400, 404, 413, 415})
_BUSY = frozenset({429, 503})
_CAPPED = 463
"""The code of WhatsApp's own limit on *new* chats of a number (Uazapi reference 2.1)."""
_AWAY = ("disconnected", "not connected")
_AWAY_WHILE_SENDING = "returned response"
"""whatsmeow: "websocket disconnected before message send returned response"."""
_NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


def classify_send_response(
    status: int, body: object, retry_in_s: float = DEFAULT_RETRY_S, *, needs_id: bool = True
) -> GatewaySendResult:
    """Classify a response to a send. ``body`` is its JSON, or ``None`` if it was no JSON.

    ``retry_in_s`` is the delay that the gateway asked for (see :func:`parse_retry_after`); it is
    used if the gateway is busy. With ``needs_id``, a response without an id is uncertain.
    """
    fields = read_object(body)
    external_id = _stanza_id(fields)
    if 200 <= status < 300 and (external_id or (fields and not needs_id)):
        return GatewaySendResult(SendStatus.SENT, external_id or None)
    error_text = _error_text(fields)
    if _AWAY_WHILE_SENDING in error_text:
        # This also contains "disconnected", but the message may have left before the disconnect.
        return GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")
    if any(phrase in error_text for phrase in _AWAY):
        return _channel_held("disconnected")
    if read_number(fields.get("provider_code")) == _CAPPED:
        return _channel_held("capped")
    return _classify_status(status, retry_in_s)


def _classify_status(status: int, retry_in_s: float) -> GatewaySendResult:
    code = f"gateway_{status}"
    if 200 <= status < 300:
        return GatewaySendResult(SendStatus.UNCERTAIN, code="no_message_id")
    if status == 401:
        return _channel_held("unauthorized")
    if status in _REFUSED:
        return GatewaySendResult(SendStatus.FAILED, code=code)
    if status in _BUSY:
        return GatewaySendResult(SendStatus.RETRY, code=code, retry_in_s=retry_in_s)
    return GatewaySendResult(SendStatus.UNCERTAIN, code=code)


def classify_send_error(error: BaseException) -> GatewaySendResult:
    """Classify a send without a response. It is queued again only if it never left.

    An unknown error is uncertain: treating it as "never left" could send the message twice.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _NEVER_LEFT):
            return GatewaySendResult(SendStatus.RETRY, code="unreachable")
        cause = cause.__cause__
    return GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")


def parse_retry_after(header: str | None, now: datetime) -> float:
    """The seconds of a ``Retry-After``, a number or an HTTP date; at most an hour.

    Five seconds if the header is missing or invalid.
    """
    seconds = read_number(header)
    if seconds is None:
        seconds = _seconds_until(header or "", now)
    if seconds is None or not math.isfinite(seconds):
        return DEFAULT_RETRY_S
    return min(max(float(seconds), 0.0), _MAX_RETRY_S)


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


def _channel_held(reason: str) -> GatewaySendResult:
    return GatewaySendResult(SendStatus.RETRY, code=reason, hold_reason=reason)


def _stanza_id(fields: Mapping[str, object]) -> str:
    """The bare WhatsApp id. Internal ``r…`` ids of older builds match no receipt: ignored."""
    prefixed = read_text(fields.get("id"))
    return read_bare_id(fields.get("messageid")) or (
        read_bare_id(prefixed) if ":" in prefixed else ""
    )


def _error_text(fields: Mapping[str, object]) -> str:
    """The error text in lower case, never the text of the message itself."""
    response = read_object(fields.get("response"))
    texts = (fields.get("error"), fields.get("message"), response.get("message"))
    return " ".join(read_text(text) for text in texts).lower()
