"""Reading of ``viabilidade`` (SGP reference 3.2): yes, no, or nothing that can be told."""

from niochat.adapters.erps.sgp.errors import read_message, refusal_error
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present,
    to_flag,
    to_integer,
    to_object,
)


def parse_coverage(value: object) -> bool | None:
    """Whether a place can be connected; ``None`` where the field is there and says neither.

    Raises ``UnusableFieldError`` for what is no such answer: a silence is never told as a no.
    """
    answer = to_object(value)
    if "viabilidade" in answer or "viavel" in answer:
        return to_flag(first_present(answer, "viabilidade", "viavel"))
    if read_message(answer) and to_integer(answer.get("status")) != 1:
        raise refusal_error(answer)
    raise UnusableFieldError("the answer does not say whether the place is covered")
