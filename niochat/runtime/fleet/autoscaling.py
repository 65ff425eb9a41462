"""How many hosts there should be, from what the hosts say of their load. Pure: no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean

SCALE_UP_AFTER_S = 10.0
"""Load that lasts this long is no burst."""
GROWTH_FACTOR = 0.25
"""Hosts that one decision adds, as a share of those there are; one at least."""
IDLE_SHARE = 0.4
"""Of the limits: who is below it with one host fewer is idle. Far from busy, or it swings."""


@dataclass(frozen=True, slots=True)
class HostLoad:
    """Of one host: the loop's lag in milliseconds, messages waiting for a step."""

    lag_ms: float
    depth: int


@dataclass(frozen=True, slots=True)
class ScalingLimits:
    """Between how many hosts, and what counts as much load; seconds of quiet before one goes."""

    min_size: int
    max_size: int
    lag_ms: float = 100.0
    depth: int = 1_000
    idle_s: float = 300.0


@dataclass(frozen=True, slots=True)
class ScalingState:
    """How many hosts are wanted, and since when the load has been too much or too little."""

    size: int
    busy_since: float | None = None
    idle_since: float | None = None


def next_scaling_state(
    state: ScalingState, loads: Sequence[HostLoad], limits: ScalingLimits, now: float
) -> ScalingState:
    """The next scale. Shards are spread evenly, so the mean decides: a single slow host is its
    node's trouble, and more hosts would not help it.

    ``loads`` are those of the hosts that answer; while fewer answer than are wanted, what is
    there says nothing about the need, and nothing changes.
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
    """1 is as much as a host should have, by whichever of the two is worse."""
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
