"""Structured logging: one event per line, in the past tense, with ids and without message texts.

``structlog.get_logger(__name__).info("message_sent", thread=str(thread_id))``
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from itertools import pairwise
from typing import Any, Literal

import orjson
import structlog
from pydantic import SecretStr

from niochat.domain.tax_id import replace_tax_ids

LogLevel = Literal["debug", "info", "warning", "error"]

_TEXT_WORDS = {
    "text",
    "body",
    "caption",
    "content",
    "raw",
    "transcript",
    "prompt",
    "persona",
    "greeting",
}
_SECRET_WORDS = {
    "token",
    "secret",
    "password",
    "authorization",
    "cookie",
    "apikey",
    "hmac",
    "dsn",
    "sealed",
}
_PERSONAL_WORDS = {"cpf", "cnpj", "email", "address"}
_PHONE_WORDS = {"phone", "owner", "number", "jid", "lid", "msisdn", "sender", "chatid"}
# ``prompt_version`` and ``content_type`` describe a text, but do not contain it.
_HARMLESS_ENDS = ("_id", "_version", "_type", "_kind", "_status", "_code")
# ``DETAIL:  Key (kind, value)=(phone, 5581…) already exists.``
_QUOTED_ROW = re.compile(r"DETAIL:.*")
_LOG_IN = re.compile(r"(?<=://)[^/@\s]+@")
_WEBHOOK_SECRET = re.compile(r"(/webhooks/[\w-]+/[\w-]+/)[\w-]+")
_LONG_NUMBER = re.compile(r"\d{8,}")
_DROPPED = "[dropped]"
_SHOWN_DIGITS = 4


def configure_logging(level: LogLevel, json: bool) -> None:
    """Write events of at least ``level`` to standard error, as JSON or in a readable format.

    Every process calls this once, before its first event.
    """
    format_exception = structlog.dev.plain_traceback
    readable = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=format_exception
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            redact_private_values,
            structlog.processors.JSONRenderer(serializer=_to_json) if json else readable,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level_number(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def redact_private_values(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Processor that drops texts, secrets and personal data, and masks phone numbers.

    Values are classified by the words of their keys, such as ``access_token`` and
    ``customerPhone``. Numbers (``text_length=12``) stay, unless the number itself is personal.
    """
    for key, value in event.items():
        if key == "exception":
            event[key] = _redact_row_values(str(value))
        elif key not in ("event", "level", "at"):
            event[key] = _redact(key, value)
    return event


def mask_phone(phone: str) -> str:
    """Mask a phone number or gateway address except its last four characters."""
    digits = phone.partition("@")[0]
    return f"…{digits[-_SHOWN_DIGITS:]}" if len(digits) > _SHOWN_DIGITS else "…"


def _redact_row_values(trace: str) -> str:
    """Remove row values quoted by the database from a traceback, and mask long numbers."""
    redacted = _redact_secret_parts(_QUOTED_ROW.sub("DETAIL: …", trace))
    return _LONG_NUMBER.sub(
        lambda match: mask_phone(match[0]), replace_tax_ids(redacted, mask_phone)
    )


def _redact_secret_parts(value: str) -> str:
    """Remove the user info from URLs, and the secret from webhook URLs."""
    return _WEBHOOK_SECRET.sub(r"\1…", _LOG_IN.sub("…@", value))


def _redact(key: str, value: object) -> object:
    words = _key_words(key)
    if words & _PERSONAL_WORDS or isinstance(value, bytes | SecretStr):
        return _DROPPED
    if words & (_TEXT_WORDS | _SECRET_WORDS) and not _is_harmless(key, value):
        return _DROPPED
    if words & _PHONE_WORDS and isinstance(value, str | int) and not isinstance(value, bool):
        return mask_phone(str(value)) if len(str(value)) > _SHOWN_DIGITS else value
    return _redact_inside(key, value)


def _is_harmless(key: str, value: object) -> bool:
    return key.endswith(_HARMLESS_ENDS) or isinstance(value, bool | int | float | None)


def _redact_inside(key: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {each: _redact(str(each), inner) for each, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redact(key, inner) for inner in value]
    return _redact_secret_parts(value) if isinstance(value, str) else value


def _key_words(key: str) -> set[str]:
    spaced = "".join(f"_{c}" if c.isupper() else c for c in key) if not key.isupper() else key
    words = [word for word in spaced.lower().replace("-", "_").split("_") if word]
    # ``api_key`` and ``apiKey`` yield ``apikey``: a single ``key`` is a dedupe key, no secret.
    singular = [word.removesuffix("s") for word in words]
    return {*words, *singular, *(a + b for a, b in pairwise(singular))}


def _to_json(event: Mapping[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _level_number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
