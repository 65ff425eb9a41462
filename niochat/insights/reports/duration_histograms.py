"""Quantiles from histograms: what they say is at most one percent off."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import ceil, floor, sqrt
from typing import Any

BIN_WIDTH = 1.02
"""The end of a bin divided by its start, as in the function ``duration_bin``."""
QUANTILES = (0.5, 0.9)

Histogram = Mapping[int, int]
"""Conversations by bin."""


def merge_bins(rows: Iterable[Any]) -> dict[str, dict[str, Histogram]]:
    """Returns the histograms by key and name of several results."""
    found: dict[str, dict[str, dict[int, int]]] = defaultdict(dict)
    for row in rows:
        bins = found[row["key"]].setdefault(row["name"], {})
        bins[row["bin"]] = bins.get(row["bin"], 0) + row["conversations"]
    return {key: {name: dict(bins) for name, bins in each.items()} for key, each in found.items()}


def quantiles_of(histogram: Histogram) -> list[float] | None:
    """Returns the quantiles in milliseconds, interpolated between neighbours as PostgreSQL does;
    ``None`` without any duration.
    """
    total = sum(histogram.values())
    if not total:
        return None
    places = [quantile * (total - 1) for quantile in QUANTILES]
    values = _values_at(histogram, {floor(place) for place in places} | {ceil(p) for p in places})
    return [
        values[floor(place)] + (values[ceil(place)] - values[floor(place)]) * (place % 1)
        for place in places
    ]


def _values_at(histogram: Histogram, ranks: set[int]) -> dict[int, float]:
    """The middles of the bins that have the durations with these ranks, the smallest being 0."""
    values: dict[int, float] = {}
    passed = 0
    for bin in sorted(histogram):
        passed += histogram[bin]
        reached = {rank for rank in ranks - values.keys() if rank < passed}
        values |= dict.fromkeys(reached, _middle(bin))
    return values


def _middle(bin: int) -> float:
    return 0.0 if bin == 0 else BIN_WIDTH ** (bin - 1) * sqrt(BIN_WIDTH)
