"""How many hosts there should be, from what the hosts say of their load. Pure: no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean

UP_AFTER_S = 10.0
"""Load that lasts this long is no burst."""
GROWTH = 0.25
"""Hosts that one decision adds, as a share of those there are; one at least."""
IDLE_SHARE = 0.4
"""Of the limits: who is below it with one host fewer is idle. Far from busy, or it swings."""


@dataclass(frozen=True, slots=True)
class Load:
    """Of one host: the loop's lag in milliseconds, messages waiting for a step."""

    lag_ms: float
    depth: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Between how many hosts, and what counts as much load; seconds of quiet before one goes."""

    least: int
    most: int
    lag_ms: float = 100.0
    depth: int = 1_000
    idle_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many hosts are wanted, and since when the load has been too much or too little."""

    hosts: int
    busy_since: float | None = None
    idle_since: float | None = None


def rescale(scale: Scale, loads: Sequence[Load], limits: Limits, now: float) -> Scale:
    """The next scale. Shards are spread evenly, so the mean decides: a single slow host is its
    node's trouble, and more hosts would not help it.

    ``loads`` are those of the hosts that answer; while fewer answer than are wanted, what is
    there says nothing about the need, and nothing changes.
    """
    scale = replace(scale, hosts=min(max(scale.hosts, limits.least), limits.most))
    if len(loads) < scale.hosts:
        return Scale(scale.hosts)
    pressure = _pressure(loads, limits)
    if pressure > 1:
        return _busy(scale, limits, now)
    if scale.hosts > limits.least and _pressure_with_one_less(pressure, len(loads)) < IDLE_SHARE:
        return _idle(scale, limits, now)
    return Scale(scale.hosts)


def _pressure(loads: Sequence[Load], limits: Limits) -> float:
    """1 is as much as a host should have, by whichever of the two is worse."""
    lag = fmean(load.lag_ms for load in loads) / limits.lag_ms
    return max(lag, fmean(load.depth for load in loads) / limits.depth)


def _pressure_with_one_less(pressure: float, hosts: int) -> float:
    return pressure * hosts / max(hosts - 1, 1)


def _busy(scale: Scale, limits: Limits, now: float) -> Scale:
    since = now if scale.busy_since is None else scale.busy_since
    if now - since < UP_AFTER_S:
        return Scale(scale.hosts, busy_since=since)
    return Scale(min(scale.hosts + ceil(scale.hosts * GROWTH), limits.most))


def _idle(scale: Scale, limits: Limits, now: float) -> Scale:
    since = now if scale.idle_since is None else scale.idle_since
    if now - since < limits.idle_s:
        return Scale(scale.hosts, idle_since=since)
    return Scale(scale.hosts - 1)
