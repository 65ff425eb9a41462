"""Parses refusals of endpoints and removes secrets and quotations of the request from them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MAX_SENTENCE_CHARS = 240
_MAX_READ_BYTES = 20_000
_MIN_ECHO_CHARS = 24
"""A refusal quotes the request when it repeats at least this many consecutive characters of it."""
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|key|AIza|ghp|hf|eyJ)[-_]?[\w.*\-]{12,}|\bBearer\s+\S+|[\w+/=\-]{40,}"
)
_NUMBER = re.compile(r"\d(?:[ .\-/()]?\d){6,}")
"""Matches tax ids and phone numbers; no token count has so many digits."""
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_QUOTED = re.compile(r"'([^']{3,})'|\"([^\"]{3,})\"|`([^`]{3,})`")
_HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class EndpointRefusal:
    """A refusal. ``param``: the field that it names, if any. ``code``: the endpoint's own code."""

    status: int
    sentence: str
    param: str = ""
    code: str = ""


def parse_refusal(status: int, body: bytes) -> EndpointRefusal:
    """The refusal in the body of a response, whatever its shape."""
    try:
        payload: Any = orjson.loads(body[:_MAX_READ_BYTES] if len(body) > _MAX_READ_BYTES else body)
    except orjson.JSONDecodeError:
        text = body[:_MAX_READ_BYTES].decode("utf-8", "replace").strip()
        is_page = text[:200].lower().lstrip().startswith(("<!doctype", "<html"))
        return EndpointRefusal(status, "a page of HTML" if is_page else _to_one_line(text))
    return refusal_from_json(status, payload)


def refusal_from_json(status: int, body: object) -> EndpointRefusal:
    """The refusal in parsed JSON: Gemini sends a list, FastAPI ``detail``, others ``error``."""
    while isinstance(body, list) and body:
        body = body[0]
    error: object = body
    if isinstance(body, Mapping):
        error = next((body[k] for k in ("error", "detail", "errors") if body.get(k)), body)
    fields: Mapping[str, object] = error if isinstance(error, Mapping) else {}
    sentence = _to_one_line("; ".join(dict.fromkeys(_collect_sentences(error))))
    return EndpointRefusal(
        status, sentence, _to_text(fields.get("param")), _to_text(fields.get("code"))
    )


def _collect_sentences(error: object, depth: int = 0) -> Iterator[str]:
    """Yield the error messages only, because FastAPI also repeats the input next to them."""
    if depth > 4:
        return
    match error:
        case str():
            yield error
        case list():
            for each in error[:3]:
                yield from _collect_sentences(each, depth + 1)
        case Mapping():
            loc = error.get("loc")
            parts = loc if isinstance(loc, list) else []
            location = ".".join(str(part) for part in parts if part != "body")
            for name in ("message", "msg", "detail", "error", "raw", "metadata"):
                for sentence in _collect_sentences(error.get(name), depth + 1):
                    yield f"{location}: {sentence}" if location else sentence
        case _:
            return


def redact_sentence(sentence: str, secrets: Iterable[str], request: str) -> str:
    """Shorten the sentence and remove secrets and quotations of the request from it."""
    for secret in sorted((each for each in secrets if len(each) > 3), key=len, reverse=True):
        sentence = sentence.replace(secret, _HIDDEN)
    sentence = _SECRET.sub(_HIDDEN, sentence)[: 3 * MAX_SENTENCE_CHARS]
    sentence = _QUOTED.sub(lambda match: _hide_if_echoed(match, request), sentence)
    sentence = _strip_echo(sentence, request)
    sentence = _EMAIL.sub(_HIDDEN, _NUMBER.sub(_HIDDEN, sentence))
    if len(sentence) <= MAX_SENTENCE_CHARS:
        return sentence
    return sentence[: MAX_SENTENCE_CHARS - 1] + _HIDDEN


def _hide_if_echoed(match: re.Match[str], request: str) -> str:
    inner = next(group for group in match.groups() if group)
    echoed = re.search(rf"(?<!\w){re.escape(inner)}(?!\w)", request)
    return match[0].replace(inner, _HIDDEN) if echoed else match[0]


def _strip_echo(sentence: str, request: str) -> str:
    pieces, start = [], 0
    while start < len(sentence):
        if (
            sentence[start : start + _MIN_ECHO_CHARS] not in request
            or len(sentence) - start < _MIN_ECHO_CHARS
        ):
            pieces.append(sentence[start])
            start += 1
            continue
        end = start + _MIN_ECHO_CHARS
        while end < len(sentence) and sentence[start : end + 1] in request:
            end += 1
        pieces.append(_HIDDEN)
        start = end
    return "".join(pieces)


def _to_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())


def _to_text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
