"""Faults that can be ordered for gateway, model, ERP and the webhooks' delivery."""

import asyncio
import random
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from niochat_sandbox.http_json import (
    JsonObject,
    SandboxApiError,
    parse_number_field,
    parse_text_field,
)


class FaultTarget(StrEnum):
    """Which conversation with the product is disturbed."""

    GATEWAY = "gateway"
    MODEL = "model"
    WEBHOOK = "webhook"
    SGP = "sgp"


class FaultKind(StrEnum):
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


_POLL_S = 0.02
_NOT_FOR_WEBHOOKS = (FaultKind.HOLD_AFTER, FaultKind.HTML, FaultKind.HUGE)
_DEFAULT_SECONDS = {FaultKind.DELAY: 1.0, FaultKind.HANG: 60.0}


@dataclass(slots=True)
class FaultRule:
    """One order. `path` is a prefix (an event's name for webhooks), `count` None = for ever."""

    target: FaultTarget
    kind: FaultKind
    path: str = ""
    status: int = 500
    seconds: float = 0.0
    retry_after: float | None = None
    count: int | None = None
    probability: float = 1.0
    token: str = ""
    hits: int = 0

    def matches(self, target: FaultTarget, path: str, token: str) -> bool:
        """Whether it applies here, leaving chance aside."""
        return (
            self.target is target
            and (self.count is None or self.hits < self.count)
            and self.token in ("", token)
            and (path.startswith(self.path) or f"/{target}{path}".startswith(self.path))
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(slots=True)
class FaultRuleSet:
    """The present orders; the first that matches is taken."""

    faults: list[FaultRule] = field(default_factory=list)
    rng: random.Random = field(default_factory=random.Random)

    def consume_match(self, target: FaultTarget, path: str, token: str) -> FaultRule | None:
        """The fault for this occasion, counted; None when all goes well."""
        for fault in self.faults:
            if fault.matches(target, path, token) and self.rng.random() < fault.probability:
                fault.hits += 1
                return fault
        return None

    async def wait_until_removed(self, fault: FaultRule) -> None:
        """Returns once `fault` is no longer ordered."""
        while any(each is fault for each in self.faults):  # noqa: ASYNC110 - the list is replaced
            await asyncio.sleep(_POLL_S)


_KNOWN = {each.name for each in fields(FaultRule)}


def parse_fault_rule(body: Any) -> FaultRule:
    """A fault from JSON. Refuses unknown names and values with 400."""
    if not isinstance(body, dict):
        raise SandboxApiError(400, "a fault is an object")
    if unknown := sorted(set(body) - _KNOWN):
        raise SandboxApiError(400, f"unknown fields of a fault: {', '.join(unknown)}")
    try:
        target, kind = (
            FaultTarget(parse_text_field(body, "target")),
            FaultKind(parse_text_field(body, "kind")),
        )
    except ValueError as error:
        raise SandboxApiError(400, str(error)) from None
    if target is FaultTarget.WEBHOOK and kind in _NOT_FOR_WEBHOOKS:
        raise SandboxApiError(400, f"{kind} is no fault of a webhook")
    return FaultRule(
        target,
        kind,
        path=parse_text_field(body, "path"),
        status=int(parse_number_field(body, "status", 500)),
        seconds=parse_number_field(body, "seconds", _DEFAULT_SECONDS.get(kind, 0.0)),
        retry_after=parse_number_field(body, "retry_after", 0) if "retry_after" in body else None,
        count=_parse_count(body),
        probability=parse_number_field(body, "probability", 1.0),
        token=parse_text_field(body, "token"),
    )


def _parse_count(body: JsonObject) -> int | None:
    return None if body.get("count") is None else int(parse_number_field(body, "count", 0))
