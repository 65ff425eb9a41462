"""The pause before the next attempt: doubled after each failure, up to a limit."""

_MAX_EXPONENT = 64
"""Of two: beyond it every limit is reached, and a float could overflow."""


def backoff_s(attempt: int, *, base_s: float, max_s: float, jitter: float = 1.0) -> float:
    """Seconds to wait: ``base_s`` for attempt 0, twice as long for each attempt after it, at most
    ``max_s``.

    ``jitter`` multiplies the result. Callers draw it around 1, so that many who failed together do
    not come back together; it is an argument because this module is pure.
    """
    return min(base_s * 2.0 ** min(attempt, _MAX_EXPONENT), max_s) * jitter
