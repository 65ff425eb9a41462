"""Medians and quantiles; those of an empty list are 0."""

import statistics
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The observed value below which ``share`` (0 to 1) of the values lie; it is not
    interpolated.
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number the mean of the two middle values."""
    return statistics.median(values) if values else 0.0
