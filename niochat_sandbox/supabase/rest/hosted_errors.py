"""Changes the errors of PostgREST 12, which runs here, to those of the hosted 14."""

from typing import Any

import orjson


def translate_error(status: int, body: bytes, table: str) -> tuple[int, bytes]:
    """Status and body as the hosted PostgREST has them; others stay as they are."""
    try:
        error = orjson.loads(body)
    except orjson.JSONDecodeError:
        return status, body
    if not isinstance(error, dict):
        return status, body
    if error.get("code") == "21000" and not str(error.get("message")).endswith("WHERE clause"):
        return 500, body
    if error.get("code") == "42P01" and f'"public.{table}"' in str(error.get("message")):
        return 404, orjson.dumps(_missing_table(table))
    return status, body


def _missing_table(table: str) -> dict[str, Any]:
    message = f"Could not find the table 'public.{table}' in the schema cache"
    return {"code": "PGRST205", "details": None, "hint": None, "message": message}
