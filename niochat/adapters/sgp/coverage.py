"""Reading of ``viabilidade`` (SGP reference 3.2): yes, no, or nothing that can be told."""

from niochat.adapters.sgp.fields import Unusable, first_of, flag_of, object_of, whole_of
from niochat.adapters.sgp.judge import refusal, said_of


def coverage(value: object) -> bool | None:
    """Whether a place can be connected; ``None`` where the field is there and says neither.

    Raises ``Unusable`` for what is no such answer: a silence is never told as a no.
    """
    answer = object_of(value)
    if "viabilidade" in answer or "viavel" in answer:
        return flag_of(first_of(answer, "viabilidade", "viavel"))
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer does not say whether the place is covered")
