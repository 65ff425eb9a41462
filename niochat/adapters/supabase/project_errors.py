"""What a Supabase project answers when it does not do it, and what helps.

The status codes and codes of PostgREST are those of its documentation ("Errors"); a gateway in
front of it answers 401 without a code, 429 and 5xx on its own.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from niochat.domain.errors import NiochatError, UnavailableError

MAX_RETRY_AFTER_S = 600.0
"""A longer wait than this is not believed."""
_REASON_LENGTH = 300
_NO_SCHEMA = {"42P01", "42703", "42883", "PGRST200", "PGRST202", "PGRST204", "PGRST205", "42P10"}
"""Tables, columns, functions or the primary key of the mirror are missing."""
_REFUSED_ROW_STATUS = (400, 409, 413, 422)
_DUPLICATE_KEY_IN_BATCH = "21000"


class ProjectUnavailableError(UnavailableError):
    """The project does not answer, or wants us to wait. Whether it has stored the rows is unknown;
    they may be sent again.
    """


class ProjectMisconfiguredError(NiochatError):
    """No row can be stored until an operator changes something: key, grants or schema."""

    code = "misconfigured"


class RowsRefusedError(NiochatError):
    """The project has stored none of the rows, because it refuses at least one of them."""

    code = "row_refused"


def error_of_response(status: int, headers: Mapping[str, str], body: bytes) -> NiochatError:
    """Return the error for a response with a status of 400 or more."""
    code, message = _code_and_message(body)
    reason = f"{status} {code} {message}".strip()[:_REASON_LENGTH]
    if status == 429 or (status >= 500 and code != _DUPLICATE_KEY_IN_BATCH):
        return ProjectUnavailableError(
            f"the project answers {reason}",
            code="rate_limited" if status == 429 else "project_unavailable",
            retry_after_s=_retry_after_s(headers.get("retry-after")),
        )
    if code in _NO_SCHEMA or status == 404:
        return ProjectMisconfiguredError(
            f"a table, column or function of the mirror is missing ({reason}): run niochat "
            f"supabase push",
            code="schema_missing",
        )
    if status in (401, 403):
        return ProjectMisconfiguredError(
            f"the project refuses the key ({reason}): set its secret key, and run niochat supabase "
            f"push if tables are new",
            code="key_refused",
        )
    if status in _REFUSED_ROW_STATUS or code == _DUPLICATE_KEY_IN_BATCH:
        return RowsRefusedError(reason, code=code or str(status))
    return ProjectMisconfiguredError(
        f"the address is not that of a Supabase project ({reason}): set the URL of the project",
        code="not_supabase",
    )


def _code_and_message(body: bytes) -> tuple[str, str]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    return str(content.get("code") or ""), str(content.get("message") or "")


def _retry_after_s(value: str | None) -> float | None:
    """Seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if seconds == seconds else None
