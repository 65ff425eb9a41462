"""Faults that can be ordered for gateway, model, ERP and the webhooks' delivery."""

import asyncio
import random
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from niochat.sandbox.rim import Body, Refusal, number_in, text_in


class Target(StrEnum):
    """Which conversation with the product is disturbed."""

    GATEWAY = "gateway"
    MODEL = "model"
    WEBHOOK = "webhook"
    SGP = "sgp"


class Kind(StrEnum):
    """What goes wrong.

    delay: waits `seconds`, then everything is as usual. hold: the same, until the order is
    withdrawn; what the ERP was asked is then done even if the client has gone. hold_after: the
    work is done, the answer waits until the order is withdrawn. hang: silent for `seconds`, the
    work is not done, then closed. drop: closed at once, the work is not done. lost_answer: the
    work is done, `seconds` pass, then closed without a byte. status: refused with `status`,
    the work is not done. html: 200 with a page of HTML, the work is not done. malformed, empty:
    the work is done, the answer is cut JSON, or says nothing. cut: the work is done, the
    connection closes in the middle of the answer. huge: the work is done, the answer is 4 MiB.
    For a webhook every kind but delay and hold is a failed attempt; lost_answer has been posted,
    malformed, empty and cut count as lost_answer; hold_after, html and huge are refused.
    """

    DELAY = "delay"
    HOLD = "hold"
    HOLD_AFTER = "hold_after"
    HANG = "hang"
    DROP = "drop"
    LOST_ANSWER = "lost_answer"
    STATUS = "status"
    MALFORMED = "malformed"
    EMPTY = "empty"
    CUT = "cut"
    HTML = "html"
    HUGE = "huge"


_LOOK_S = 0.02
_NOT_FOR_WEBHOOKS = (Kind.HOLD_AFTER, Kind.HTML, Kind.HUGE)
_DEFAULT_SECONDS = {Kind.DELAY: 1.0, Kind.HANG: 60.0}


@dataclass(slots=True)
class Fault:
    """One order. `path` is a prefix (an event's name for webhooks), `count` None = for ever."""

    target: Target
    kind: Kind
    path: str = ""
    status: int = 500
    seconds: float = 0.0
    retry_after: float | None = None
    count: int | None = None
    probability: float = 1.0
    token: str = ""
    hits: int = 0

    def matches(self, target: Target, path: str, token: str) -> bool:
        """Whether it applies here, leaving chance aside."""
        return (
            self.target is target
            and (self.count is None or self.hits < self.count)
            and self.token in ("", token)
            and (path.startswith(self.path) or f"/{target}{path}".startswith(self.path))
        )

    def described(self) -> dict[str, Any]:
        """As JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(slots=True)
class FaultBook:
    """The present orders; the first that matches is taken."""

    faults: list[Fault] = field(default_factory=list)
    dice: random.Random = field(default_factory=random.Random)

    def take(self, target: Target, path: str, token: str) -> Fault | None:
        """The fault for this occasion, counted; None when all goes well."""
        for fault in self.faults:
            if fault.matches(target, path, token) and self.dice.random() < fault.probability:
                fault.hits += 1
                return fault
        return None

    async def withdrawn(self, fault: Fault) -> None:
        """Returns once `fault` is no longer ordered."""
        while any(each is fault for each in self.faults):  # noqa: ASYNC110 - the list is replaced
            await asyncio.sleep(_LOOK_S)


_KNOWN = {each.name for each in fields(Fault)}


def parse_fault(body: Any) -> Fault:
    """A fault from JSON. Refuses unknown names and values with 400."""
    if not isinstance(body, dict):
        raise Refusal(400, "a fault is an object")
    if unknown := sorted(set(body) - _KNOWN):
        raise Refusal(400, f"unknown fields of a fault: {', '.join(unknown)}")
    try:
        target, kind = Target(text_in(body, "target")), Kind(text_in(body, "kind"))
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    if target is Target.WEBHOOK and kind in _NOT_FOR_WEBHOOKS:
        raise Refusal(400, f"{kind} is no fault of a webhook")
    return Fault(
        target,
        kind,
        path=text_in(body, "path"),
        status=int(number_in(body, "status", 500)),
        seconds=number_in(body, "seconds", _DEFAULT_SECONDS.get(kind, 0.0)),
        retry_after=number_in(body, "retry_after", 0) if "retry_after" in body else None,
        count=_count(body),
        probability=number_in(body, "probability", 1.0),
        token=text_in(body, "token"),
    )


def _count(body: Body) -> int | None:
    return None if body.get("count") is None else int(number_in(body, "count", 0))
