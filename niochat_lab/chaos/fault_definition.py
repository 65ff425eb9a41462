"""The definition of a fault: its injection, its repair and the invariant that must hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from niochat_lab.chaos.running_stack import RunningStack


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """An injected fault. ``heal`` repairs it and returns a sentence about what was observed."""

    target: str
    heal: Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class FaultDefinition:
    """One way to break a part. All times are seconds.

    ``duration_s`` and ``short_duration_s``: from injection to repair in a full and in a short run.
    ``recovery_estimate_s``: the approximate time of the recovery afterwards. ``invariant``: what
    must hold during and after the fault.
    """

    name: str
    invariant: str
    inject: Callable[[RunningStack], Awaitable[InjectedFault]]
    duration_s: float = 0.0
    short_duration_s: float = 0.0
    recovery_estimate_s: float = 12.0
    needs_small_disk: bool = False
    is_random: bool = True
    """Whether a seed may draw the fault; otherwise it must be named."""


async def heal_nothing() -> str:
    """The repair of faults that the product repairs itself by replacing a process."""
    return "it was replaced"
