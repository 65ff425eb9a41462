"""What an end point says when it refuses, without secrets and without what it was sent."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

LONGEST_SENTENCE = 240
_READ = 20_000
_ECHO = 24
"""Characters in a row that stand in the request too: the request is being repeated."""
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|key|AIza|ghp|hf|eyJ)[-_]?[\w.*\-]{12,}|\bBearer\s+\S+|[\w+/=\-]{40,}"
)
_NUMBER = re.compile(r"\d(?:[ .\-/()]?\d){6,}")
"""Documents and phones; no figure of tokens is so long."""
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_QUOTED = re.compile(r"'([^']{3,})'|\"([^\"]{3,})\"|`([^`]{3,})`")
_HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``param``: the field it is about, when the end point says so. ``code``: its own word."""

    status: int
    sentence: str
    param: str = ""
    code: str = ""


def read_refusal(status: int, body: bytes) -> Refusal:
    """The refusal in an answer's body, whatever its shape."""
    try:
        told: Any = orjson.loads(body[:_READ] if len(body) > _READ else body)
    except orjson.JSONDecodeError:
        text = body[:_READ].decode("utf-8", "replace").strip()
        page = text[:200].lower().lstrip().startswith(("<!doctype", "<html"))
        return Refusal(status, "a page of HTML" if page else _one_line(text))
    return refusal_in(status, told)


def refusal_in(status: int, told: object) -> Refusal:
    """The same of what was JSON: Gemini sends a list, FastAPI ``detail``, others ``error``."""
    while isinstance(told, list) and told:
        told = told[0]
    error: object = told
    if isinstance(told, Mapping):
        error = next((told[k] for k in ("error", "detail", "errors") if told.get(k)), told)
    found: Mapping[str, object] = error if isinstance(error, Mapping) else {}
    sentence = _one_line("; ".join(dict.fromkeys(_sentences(error))))
    return Refusal(status, sentence, _text(found.get("param")), _text(found.get("code")))


def _sentences(error: object, depth: int = 0) -> Iterator[str]:
    """Sentences alone: FastAPI repeats the input beside them."""
    if depth > 4:
        return
    match error:
        case str():
            yield error
        case list():
            for each in error[:3]:
                yield from _sentences(each, depth + 1)
        case Mapping():
            where = error.get("loc")
            parts = where if isinstance(where, list) else []
            place = ".".join(str(part) for part in parts if part != "body")
            for name in ("message", "msg", "detail", "error", "raw", "metadata"):
                for said in _sentences(error.get(name), depth + 1):
                    yield f"{place}: {said}" if place else said
        case _:
            return


def shown(sentence: str, secrets: Iterable[str], request: str) -> str:
    """The sentence for people: short, and neither a secret nor a piece of the request in it."""
    for secret in sorted((each for each in secrets if len(each) > 3), key=len, reverse=True):
        sentence = sentence.replace(secret, _HIDDEN)
    sentence = _SECRET.sub(_HIDDEN, sentence)[: 3 * LONGEST_SENTENCE]
    sentence = _QUOTED.sub(lambda found: _unless_in(found, request), sentence)
    sentence = _without_echo(sentence, request)
    sentence = _EMAIL.sub(_HIDDEN, _NUMBER.sub(_HIDDEN, sentence))
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    return sentence[: LONGEST_SENTENCE - 1] + _HIDDEN


def _unless_in(found: re.Match[str], request: str) -> str:
    inner = next(group for group in found.groups() if group)
    said = re.search(rf"(?<!\w){re.escape(inner)}(?!\w)", request)
    return found[0].replace(inner, _HIDDEN) if said else found[0]


def _without_echo(sentence: str, request: str) -> str:
    kept, at = [], 0
    while at < len(sentence):
        if sentence[at : at + _ECHO] not in request or len(sentence) - at < _ECHO:
            kept.append(sentence[at])
            at += 1
            continue
        end = at + _ECHO
        while end < len(sentence) and sentence[at : end + 1] in request:
            end += 1
        kept.append(_HIDDEN)
        at = end
    return "".join(kept)


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
