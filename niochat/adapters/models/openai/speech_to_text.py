"""Speech to text with an OpenAI-compatible endpoint: ``POST /audio/transcriptions``.

Source: the API reference of OpenAI; whisper.cpp, faster-whisper and vLLM answer in its shapes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from niochat.adapters.models.openai.completion_types import ModelEndpoint, ModelError
from niochat.adapters.models.openai.endpoint_refusals import EndpointRefusal, redact_sentence
from niochat.adapters.models.openai.errors import (
    ErrorBodyReceived,
    refusal_from_error,
    translate_error,
)
from niochat.adapters.models.openai.model_client import ModelClient

MAX_RESPONSE_BYTES = 2**20
"""Bytes of a response; ten minutes of speech are about 10,000."""


@dataclass(frozen=True, slots=True)
class SpeechTranscript:
    """The text of a recording; ``seconds`` as the endpoint reports them, else 0."""

    text: str
    seconds: float = 0.0


async def transcribe(
    models: ModelClient, endpoint: ModelEndpoint, data: bytes, mimetype: str, timeout_s: float
) -> SpeechTranscript:
    """One request, never retried here. Raises ``ModelError``."""
    try:
        return _parse_transcription(
            await _request_transcription(models, endpoint, data, mimetype, timeout_s)
        )
    except ModelError:
        raise
    except Exception as error:  # every library below the client has errors of its own
        refusal = refusal_from_error(error)
        raise translate_error(error, refusal, _redacted_sentence(endpoint, refusal)) from error


async def _request_transcription(
    models: ModelClient, endpoint: ModelEndpoint, data: bytes, mimetype: str, timeout_s: float
) -> bytes:
    named = (f"audio.{mimetype.partition('/')[2] or 'ogg'}", data, mimetype)
    asking = models.client_for(endpoint).audio.transcriptions.with_streaming_response.create(
        file=named,
        model=endpoint.model,
        language="pt",
        response_format="json",
        timeout=timeout_s,
        extra_headers=dict(endpoint.options.extra_headers),
    )
    body = bytearray()
    async with asking as answer:
        async for piece in answer.iter_bytes(64 * 1024):
            body += piece
            if len(body) > MAX_RESPONSE_BYTES:
                raise ModelError(
                    "the transcription is too large", code="model_malformed", retryable=False
                )
    return bytes(body)


def _parse_transcription(body: bytes) -> SpeechTranscript:
    """The transcript in JSON with ``text``; some servers send the plain text."""
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        if text.lstrip()[:1] in ("<", "{", "["):  # a page, or JSON that was cut off
            raise ModelError(
                "the transcription is no transcription", code="model_malformed", retryable=True
            ) from None
        return SpeechTranscript(text)
    if isinstance(told, str):
        return SpeechTranscript(told)
    if isinstance(told, Mapping) and told.get("error"):
        raise ErrorBodyReceived(told)
    if not isinstance(told, Mapping) or not isinstance(told.get("text"), str):
        raise ModelError("the transcription has no text", code="model_malformed", retryable=True)
    return SpeechTranscript(told["text"], _parse_seconds(told))


def _parse_seconds(body: Mapping[str, Any]) -> float:
    usage = body.get("usage")
    found = usage.get("seconds") if isinstance(usage, Mapping) else body.get("duration")
    return float(found) if isinstance(found, int | float) and 0 <= found < 1e6 else 0.0


def _redacted_sentence(endpoint: ModelEndpoint, refusal: EndpointRefusal | None) -> str:
    if refusal is None:
        return ""
    return redact_sentence(
        refusal.sentence, [endpoint.key, *endpoint.options.extra_headers.values()], ""
    )
