"""Computes the number of hosts from the load that they report. Pure functions without a clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean

SCALE_UP_AFTER_S = 10.0
"""High load that lasts this long is not a burst, and hosts are added."""
GROWTH_FACTOR = 0.25
"""The share of the present hosts that one decision adds; at least one host."""
IDLE_SHARE = 0.4
"""A fleet whose load would stay below this share of the limits with one host fewer is idle. It is
far below 1, so that the size does not oscillate.
"""


@dataclass(frozen=True, slots=True)
class HostLoad:
    """Load of one host: lag of its event loop in milliseconds, messages that wait for a step."""

    lag_ms: float
    depth: int


@dataclass(frozen=True, slots=True)
class ScalingLimits:
    """Bounds of the number of hosts, the load that counts as high, and the idle seconds before one
    host is removed.
    """

    min_size: int
    max_size: int
    lag_ms: float = 100.0
    depth: int = 1_000
    idle_s: float = 300.0


@dataclass(frozen=True, slots=True)
class ScalingState:
    """The target size, and since when the load has been too high or too low."""

    size: int
    busy_since: float | None = None
    idle_since: float | None = None


def next_scaling_state(
    state: ScalingState, loads: Sequence[HostLoad], limits: ScalingLimits, now: float
) -> ScalingState:
    """The next state. Shards are spread evenly, so the mean decides: a single slow host is a
    problem of its node, which more hosts would not solve.

    ``loads`` are those of the hosts that answer. While fewer answer than the target size, their
    load says nothing about the need, and the size stays.
    """
    state = replace(state, size=min(max(state.size, limits.min_size), limits.max_size))
    if len(loads) < state.size:
        return ScalingState(state.size)
    pressure = _mean_load(loads, limits)
    if pressure > 1:
        return _scale_up(state, limits, now)
    if state.size > limits.min_size and _mean_load_with_one_less(pressure, len(loads)) < IDLE_SHARE:
        return _scale_down(state, limits, now)
    return ScalingState(state.size)


def _mean_load(loads: Sequence[HostLoad], limits: ScalingLimits) -> float:
    """1 is the highest load that a host should have, by the worse of the two measures."""
    lag = fmean(load.lag_ms for load in loads) / limits.lag_ms
    return max(lag, fmean(load.depth for load in loads) / limits.depth)


def _mean_load_with_one_less(pressure: float, hosts: int) -> float:
    return pressure * hosts / max(hosts - 1, 1)


def _scale_up(scale: ScalingState, limits: ScalingLimits, now: float) -> ScalingState:
    since = now if scale.busy_since is None else scale.busy_since
    if now - since < SCALE_UP_AFTER_S:
        return ScalingState(scale.size, busy_since=since)
    return ScalingState(min(scale.size + ceil(scale.size * GROWTH_FACTOR), limits.max_size))


def _scale_down(scale: ScalingState, limits: ScalingLimits, now: float) -> ScalingState:
    since = now if scale.idle_since is None else scale.idle_since
    if now - since < limits.idle_s:
        return ScalingState(scale.size, idle_since=since)
    return ScalingState(scale.size - 1)
