"""Medians and quantiles. An empty list has none: 0."""

import statistics
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of them lie: an observed one, never between two."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one; of an even number the mean of the two in the middle."""
    return statistics.median(values) if values else 0.0
