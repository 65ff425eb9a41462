"""Parses ``viabilidade`` (SGP reference 3.2): covered, not covered, or unknown."""

from niochat.adapters.erps.sgp.errors import read_message, refusal_error
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present,
    to_flag,
    to_integer,
    to_object,
)


def parse_coverage(value: object) -> bool | None:
    """Whether a place is covered; ``None`` if the field is present but says neither.

    Raises ``UnusableFieldError`` if the field is missing, which must not be taken for "no".
    """
    body = to_object(value)
    if "viabilidade" in body or "viavel" in body:
        return to_flag(first_present(body, "viabilidade", "viavel"))
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer does not say whether the place is covered")
