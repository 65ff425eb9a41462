"""Bodies, path parts and headers that nobody sends in good faith."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"}",
    b"[]",
    b"null",
    b'"x"',
    b"0",
    b"NaN",
    b"\xff\xfe\x00",
    b"{}",
    b'{"a":' * 20_000,
    b"[" * 50_000,
    b'{"a":1e999}',
    b'{"a":' + b"9" * 5_000 + b"}",
    b'{"login":"\\u0000","password":"\\ud800"}',
    b'{"text":"\\u0000"}',
    b'{"name":"\\ud83d"}',
    b'{"__proto__":{"x":1},"constructor":1}',
    b"x=1&y=2",
    b"<?xml version='1.0'?><x/>",
    b"\xef\xbb\xbf{}",
)
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300,
    "",
    "x" * 2_000,
)
PARTS = (
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "' OR 1=1 --",
    "a" * 3_000,
    "%ff%fe",
    "-1",
    "0",
    "00000000-0000-0000-0000-000000000000",
    "9" * 40,
    "%F0%9F%98%80",
    "null",
    "{id}",
    "%0d%0aX:1",
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer"},
    {"authorization": "Basic YTpi"},
    {"cookie": "access=" + "x" * 4_000},
    {"idempotency-key": "\x7f"},
    {"if-match": '"' + "9" * 500 + '"'},
    {"range": "bytes=9-1"},
    {"x-forwarded-for": "10.0.0.1, ::1, x"},
    {"accept-language": "x" * 3_000},
    {"authorization": "Bearer ey.ey.ey"},
    {"host": "evil.invalid"},
    {"transfer-encoding": "identity"},
)


def generate_requests(
    routes: list[tuple[str, str, dict[str, Any]]], count: int, seed: int
) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """(method, path, headers, body): each route at least once, ``count`` in all."""
    draw = Random(seed)
    for number in range(max(count, len(routes))):
        method, path, _ = routes[number % len(routes)]
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + _quoted(draw.choice(PARTS)) + rest.partition("}")[2]
        if draw.random() < 0.3:
            path += "?" + draw.choice(
                ["limit=-1", "limit=1e9", "cursor=%00", "cursor=" + "x" * 2_000, "a[]=1&a[]=2"]
            )
        headers = {**draw.choice(HEADERS), "content-type": draw.choice(TYPES)}
        yield method, path, headers, draw.choice(BODIES)


def build_body_with_nul(schema: Any) -> bytes:
    """A body with a NUL in each text of an operation's schema."""
    return json.dumps(dict.fromkeys(schema, "a\x00b")).encode()


def _quoted(part: str) -> str:
    return part.replace(" ", "%20").replace("{", "%7B").replace("}", "%7D")
