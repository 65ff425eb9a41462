"""Translates errors of the client library and refusals of endpoints into ``ModelError``."""

import math
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from time import time

import aiohttp
import openai

from niochat.adapters.models.openai.completion_types import ModelError
from niochat.adapters.models.openai.endpoint_refusals import (
    EndpointRefusal,
    parse_refusal,
    refusal_from_json,
)
from niochat.adapters.ssrf_guard import PRIVATE_ADDRESS_MESSAGE, ForbiddenAddressError

DEFAULT_WAIT_S = 1.0
MAX_WAIT_S = 60.0
_KEY = re.compile(
    r"api.?key (not|is in)valid|api.?key not (valid|found)|(in|not )valid.{0,12}api.?key|"
    r"incorrect api.?key",
    re.I,
)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance|billing", re.I)
_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum (context|prompt)|prompt is too long|too many tokens|"
    r"exceeds? the (available )?context|input is too long",
    re.I,
)
_FILTERED = re.compile(
    r"content.?filter|content management policy|responsible.?ai|safety|moderation", re.I
)


class ErrorBodyReceived(Exception):
    """A response with a success status contained an error."""

    def __init__(self, body: object) -> None:
        first = body[0] if isinstance(body, list) and body else body
        error = first.get("error") if isinstance(first, Mapping) else None
        code = error.get("code") if isinstance(error, Mapping) else None
        is_status = isinstance(code, int) and 400 <= code < 600
        self.refusal = refusal_from_json(code if is_status and isinstance(code, int) else 0, body)
        super().__init__(self.refusal.sentence)


def refusal_from_error(error: Exception) -> EndpointRefusal | None:
    """The refusal of the endpoint, if the error carries one."""
    match error:
        case ErrorBodyReceived():
            return error.refusal
        case openai.APIStatusError():
            return parse_refusal(error.status_code, error.response.content)
        case openai.APIError() if not isinstance(error, openai.APIConnectionError):
            return ErrorBodyReceived({"error": error.body or error.message}).refusal
        case _:
            return None


def translate_error(error: Exception, refusal: EndpointRefusal | None, sentence: str) -> ModelError:
    """Translate an error of a request. ``sentence`` is the redacted sentence of the refusal."""
    if refusal is not None and refusal.status:
        headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
        return _error_from_refusal(refusal, f": {sentence}" if sentence else "", headers)
    if refusal is not None:
        return ModelError(
            f"the model's answer is not one: {sentence}", code="model_malformed", retryable=True
        )
    if isinstance(error, openai.APIConnectionError) or any(
        isinstance(cause, aiohttp.ClientError | OSError) for cause in _cause_chain(error)
    ):
        return _connection_error(error)
    # Only the class: the library's message may quote the response, which may hold anything.
    name = type(error).__name__
    return ModelError(
        f"the model's answer is not one ({name})", code="model_malformed", retryable=True
    )


def _error_from_refusal(
    refusal: EndpointRefusal, message: str, headers: Mapping[str, str]
) -> ModelError:
    text = f"{refusal.sentence} {refusal.code}"
    status = refusal.status
    if status in (400, 402, 403, 429) and _QUOTA.search(text):
        return ModelError(
            f"the model's account is used up{message}", code="model_quota", retryable=False
        )
    if status == 429:
        return ModelError(
            f"the model's rate limit is reached{message}",
            code="model_rate_limited",
            retryable=True,
            retry_after_s=_parse_retry_after(headers),
        )
    if status in (401, 403) or (status == 400 and _KEY.search(text)):
        return ModelError(
            f"the model refuses the key: set another api_key{message}",
            code="model_unauthorized",
            retryable=False,
        )
    if status in (400, 413, 422) and _CONTEXT.search(text):
        return ModelError(
            f"the model answered {status}, the conversation is too long for it{message}",
            code="model_context",
            retryable=False,
        )
    if status == 400 and _FILTERED.search(text):
        return ModelError(
            f"the model's provider does not let this pass{message}",
            code="model_filtered",
            retryable=False,
        )
    return ModelError(
        f"the model answered {status}{message}",
        code=f"model_{status}",
        retryable=status >= 500 or status in (408, 409, 425),
    )


def _connection_error(error: Exception) -> ModelError:
    """The error of a request without a response: the endpoint was too slow or unreachable.

    ``httpx-aiohttp`` maps *every* broken connection to ``httpx.ConnectTimeout``. So a time-out of
    the client counts only if aiohttp's own error is a time-out or there is no connection error.
    """
    causes = list(_cause_chain(error))
    broken = any(isinstance(cause, aiohttp.ClientConnectionError) for cause in causes)
    too_slow = any(isinstance(cause, TimeoutError) for cause in causes)
    if too_slow or (not broken and isinstance(error, openai.APITimeoutError)):
        return ModelError("the model was too slow", code="model_timeout", retryable=True)
    if any(isinstance(cause, ForbiddenAddressError) for cause in causes):
        return ModelError(
            f"the model: {PRIVATE_ADDRESS_MESSAGE}", code="model_unreachable", retryable=True
        )
    return ModelError("the model cannot be reached", code="model_unreachable", retryable=True)


def _cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _parse_retry_after(headers: Mapping[str, str]) -> float:
    """The seconds to wait that the endpoint asks for; at most a minute: the whole tenant waits."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return min(max(seconds, 0.0), MAX_WAIT_S) if not math.isnan(seconds) else DEFAULT_WAIT_S


def _seconds_until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return DEFAULT_WAIT_S
