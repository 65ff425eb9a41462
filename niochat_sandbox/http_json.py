"""Parse requests and build responses as JSON, with errors as one exception."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

JsonObject = dict[str, Any]


class SandboxApiError(Exception):
    """A request that cannot be served; the response is ``{"error": …}`` with its HTTP status."""

    def __init__(self, status: int, error: str, **details: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body: JsonObject = {"error": error, **details}


def encode_json(data: Any) -> bytes:
    """Encode ``data`` as JSON bytes for long-term storage.

    The result of ``orjson.dumps`` occupies about ten times its length for as long as it lives
    (measured with orjson 3.13.0: 32 KB for 3 KB), so it is copied.
    """
    return bytes(memoryview(orjson.dumps(data)))


def json_response(data: Any, status: int = 200) -> Response:
    """Build a JSON response."""
    return Response(orjson.dumps(data), status, media_type="application/json")


async def handle_api_error(_request: Request, error: Exception) -> Response:
    """Starlette's exception handler for :class:`SandboxApiError`."""
    assert isinstance(error, SandboxApiError)
    return json_response(error.body, error.status)


async def read_json(request: Request) -> Any:
    """Parse the request's JSON; an empty body is an empty object. Raises
    ``SandboxApiError`` (400).
    """
    raw = await request.body()
    try:
        return orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        raise SandboxApiError(400, "Invalid payload: not JSON") from None


async def read_object(request: Request) -> JsonObject:
    """Parse the request's JSON object. Raises ``SandboxApiError`` (400) for other JSON."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise SandboxApiError(400, "Invalid payload: an object is expected")
    return body


def parse_text_field(body: JsonObject, key: str, default: str = "") -> str:
    """Return a text field, or ``default`` if absent or null. Raises ``SandboxApiError`` (400) for
    another type.
    """
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise SandboxApiError(400, f"{key} must be a string")
    return value


def parse_number_field(body: JsonObject, key: str, default: float) -> float:
    """Return a non-negative number field, or ``default``. Raises ``SandboxApiError`` (400) for
    other values.
    """
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SandboxApiError(400, f"{key} must be a number of zero or more")
    return float(value)


def parse_flag_field(body: JsonObject, key: str, default: bool) -> bool:
    """Return a boolean field, or ``default``. Raises ``SandboxApiError`` (400) for another type."""
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise SandboxApiError(400, f"{key} must be true or false")
    return value


def parse_query_number(request: Request, key: str, default: float) -> float:
    """Parse a number in the query string. Raises ``SandboxApiError`` (400) for another value."""
    try:
        return float(request.query_params.get(key, default))
    except ValueError:
        raise SandboxApiError(400, f"{key} must be a number") from None
