"""Speech to text with an OpenAI-compatible endpoint: ``POST /audio/transcriptions``.

Source: the API reference of OpenAI; whisper.cpp, faster-whisper and vLLM use the same formats.
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
"""The most bytes of a response; the text of ten minutes of speech has about 10,000."""


@dataclass(frozen=True, slots=True)
class SpeechTranscript:
    """The text of a recording; ``seconds`` as the endpoint reports them, else 0."""

    text: str
    seconds: float = 0.0


async def transcribe(
    models: ModelClient, endpoint: ModelEndpoint, data: bytes, mimetype: str, timeout_s: float
) -> SpeechTranscript:
    """Transcribe a recording with one request, without retries. Raises ``ModelError``."""
    try:
        return _parse_transcription(
            await _request_transcription(models, endpoint, data, mimetype, timeout_s)
        )
    except ModelError:
        raise
    except Exception as error:  # each library below the client raises its own errors
        refusal = refusal_from_error(error)
        raise translate_error(error, refusal, _redacted_sentence(endpoint, refusal)) from error


async def _request_transcription(
    models: ModelClient, endpoint: ModelEndpoint, data: bytes, mimetype: str, timeout_s: float
) -> bytes:
    upload = (f"audio.{mimetype.partition('/')[2] or 'ogg'}", data, mimetype)
    request = models.client_for(endpoint).audio.transcriptions.with_streaming_response.create(
        file=upload,
        model=endpoint.model,
        language="pt",
        response_format="json",
        timeout=timeout_s,
        extra_headers=dict(endpoint.options.extra_headers),
    )
    body = bytearray()
    async with request as response:
        async for chunk in response.iter_bytes(64 * 1024):
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise ModelError(
                    "the transcription is too large", code="model_malformed", retryable=False
                )
    return bytes(body)


def _parse_transcription(body: bytes) -> SpeechTranscript:
    """Parse a transcript: JSON with a field ``text``, or plain text from some servers."""
    try:
        payload: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        if text.lstrip()[:1] in ("<", "{", "["):  # an HTML page or truncated JSON
            raise ModelError(
                "the transcription is no transcription", code="model_malformed", retryable=True
            ) from None
        return SpeechTranscript(text)
    if isinstance(payload, str):
        return SpeechTranscript(payload)
    if isinstance(payload, Mapping) and payload.get("error"):
        raise ErrorBodyReceived(payload)
    if not isinstance(payload, Mapping) or not isinstance(payload.get("text"), str):
        raise ModelError("the transcription has no text", code="model_malformed", retryable=True)
    return SpeechTranscript(payload["text"], _parse_seconds(payload))


def _parse_seconds(body: Mapping[str, Any]) -> float:
    usage = body.get("usage")
    seconds = usage.get("seconds") if isinstance(usage, Mapping) else body.get("duration")
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else 0.0


def _redacted_sentence(endpoint: ModelEndpoint, refusal: EndpointRefusal | None) -> str:
    if refusal is None:
        return ""
    return redact_sentence(
        refusal.sentence, [endpoint.key, *endpoint.options.extra_headers.values()], ""
    )
