"""Fault rules for gateway, model, ERP, Supabase and the delivery of webhooks."""

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
    """The simulated service whose requests fail."""

    GATEWAY = "gateway"
    MODEL = "model"
    WEBHOOK = "webhook"
    SGP = "sgp"
    SUPABASE = "supabase"


class FaultKind(StrEnum):
    """The kind of failure.

    delay: waits ``seconds``, then serves normally. hold: like delay, until the rule is removed; the
    ERP then serves the request even if the client has disconnected. hold_after: serves the request,
    and holds the response until the rule is removed. hang: waits ``seconds`` without serving, then
    disconnects. drop: disconnects at once without serving. lost_answer: serves, waits ``seconds``
    and disconnects without a response. status: responds with ``status`` without serving. html:
    responds with 200 and an HTML page without serving. malformed, empty: serves, and responds with
    truncated JSON or an empty answer. cut: serves, and disconnects in the middle of the response.
    huge: serves, and responds with 4 MiB.

    For webhooks every kind except delay and hold is a failed attempt. lost_answer, malformed, empty
    and cut are posted and count as a lost answer; hold_after, html and huge are rejected.
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
    """One rule.

    ``path``: a prefix of the path, or of the event name for webhooks. ``count``: how often the rule
    applies; None: always.
    """

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
        """Whether the rule applies to this request, apart from its probability."""
        return (
            self.target is target
            and (self.count is None or self.hits < self.count)
            and self.token in ("", token)
            and (path.startswith(self.path) or f"/{target}{path}".startswith(self.path))
        )

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(slots=True)
class FaultRuleSet:
    """The active rules; the first that matches applies."""

    faults: list[FaultRule] = field(default_factory=list)
    rng: random.Random = field(default_factory=random.Random)

    def consume_match(self, target: FaultTarget, path: str, token: str) -> FaultRule | None:
        """Return the rule for this request and count it; None if no rule applies."""
        for fault in self.faults:
            if fault.matches(target, path, token) and self.rng.random() < fault.probability:
                fault.hits += 1
                return fault
        return None

    async def wait_until_removed(self, fault: FaultRule) -> None:
        """Return once ``fault`` is no longer among the rules."""
        while any(each is fault for each in self.faults):  # noqa: ASYNC110 - the list is replaced
            await asyncio.sleep(_POLL_S)


_KNOWN = {each.name for each in fields(FaultRule)}


def parse_fault_rule(body: Any) -> FaultRule:
    """Parse a rule from JSON. Raises ``SandboxApiError`` (400) for unknown fields and values."""
    if not isinstance(body, dict):
        raise SandboxApiError(400, "a fault must be an object")
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
        raise SandboxApiError(400, f"{kind} does not apply to webhooks")
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
