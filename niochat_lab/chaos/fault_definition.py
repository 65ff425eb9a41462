"""What a fault is: how it is done to a running stack, how it ends, and what must hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from niochat_lab.chaos.running_stack import RunningStack


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that was done. ``heal`` ends it and says in a sentence what was seen."""

    target: str
    heal: Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class FaultDefinition:
    """One way to break a part. Seconds; ``recovery_estimate_s`` is about what recovery needs
    afterwards.

    ``duration_s`` and ``short_duration_s`` are between inject and heal, in a full and in a short
    run. ``holds`` says what is true while it lasts and afterwards.
    """

    name: str
    invariant: str
    inject: Callable[[RunningStack], Awaitable[InjectedFault]]
    duration_s: float = 0.0
    short_duration_s: float = 0.0
    recovery_estimate_s: float = 12.0
    needs_small_disk: bool = False
    is_random: bool = True
    """Whether a seed may draw it; else it is played by its name only."""


async def heal_nothing() -> str:
    """The heal of what ends by itself: the product replaces what died."""
    return "it was replaced"
