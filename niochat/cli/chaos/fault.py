"""What a fault is: how it is done to a running stack, how it ends, and what must hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from niochat.cli.chaos.arena import Arena


@dataclass(frozen=True, slots=True)
class Injury:
    """A fault that was done. ``heal`` ends it and says in a sentence what was seen."""

    target: str
    heal: Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a part. Seconds; ``takes_s`` is about what recovery needs afterwards.

    ``lasts_s`` and ``short_s`` are between inject and heal, in a full and in a short run.
    ``holds`` says what is true while it lasts and afterwards.
    """

    name: str
    holds: str
    inject: Callable[[Arena], Awaitable[Injury]]
    lasts_s: float = 0.0
    short_s: float = 0.0
    takes_s: float = 12.0
    needs_small_disk: bool = False
    drawn: bool = True
    """Whether a seed may draw it; else it is played by its name only."""


async def nothing_more() -> str:
    """The heal of what ends by itself: the product replaces what died."""
    return "it was replaced"
