"""The results of an evaluation, for tables and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from niochat_lab.evaluation.definitions.scenario_schema import Scenario, ScenarioKind
from niochat_lab.evaluation.evaluation_records import TurnWork


class ScenarioVerdict(StrEnum):
    """The verdict on a scenario."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The result of one scenario. ``seconds``: elapsed time, including all waiting."""

    name: str
    kind: ScenarioKind
    verdict: ScenarioVerdict
    problems: tuple[str, ...] = ()
    turns: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    seconds: float = 0.0
    transcript: tuple[dict[str, str], ...] = field(default=(), repr=False)
    calls: int = 0
    """The number of model requests."""
    tokens_cached: int = 0
    """The part of ``tokens_in`` that the endpoint read from its prompt cache."""
    prompt: str = ""
    """The version of the prompt."""
    refused: int = 0
    """The number of the model's texts that the guardrail rejected."""

    def with_problems(self, problems: Sequence[str]) -> "ScenarioResult":
        """Return the result with further problems; a problem makes it failed."""
        if not problems:
            return self
        return replace(self, verdict=ScenarioVerdict.FAILED, problems=(*self.problems, *problems))

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "passed": self.verdict is ScenarioVerdict.PASSED,
            "skipped": self.verdict is ScenarioVerdict.SKIPPED,
            "problems": list(self.problems),
            "turns": self.turns,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "calls": self.calls,
            "tokens_cached": self.tokens_cached,
            "prompt": self.prompt,
            "refused": self.refused,
            "cost": float(self.cost),
            "seconds": self.seconds,
            "transcript": list(self.transcript),
        }


def build_result(
    scenario: Scenario,
    problems: Sequence[str],
    work: Sequence[TurnWork],
    seconds: float,
    transcript: Sequence[dict[str, str]],
    refused: int = 0,
) -> ScenarioResult:
    """Build a result; it is passed if there are no problems."""
    return ScenarioResult(
        scenario.name,
        scenario.kind,
        ScenarioVerdict.FAILED if problems else ScenarioVerdict.PASSED,
        tuple(problems),
        turns=len(work),
        tokens_in=sum(turn.tokens_in for turn in work),
        tokens_out=sum(turn.tokens_out for turn in work),
        cost=sum((turn.cost for turn in work), Decimal(0)),
        calls=sum(turn.calls for turn in work),
        tokens_cached=sum(turn.tokens_cached for turn in work),
        seconds=round(seconds, 1),
        transcript=tuple(transcript),
        prompt=next((turn.prompt for turn in reversed(work) if turn.prompt), ""),
        refused=refused,
    )


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The results of all selected scenarios. ``endpoint`` is empty for the scripted model."""

    model: str
    endpoint: str
    seconds: float
    results: tuple[ScenarioResult, ...]

    def count(self, verdict: ScenarioVerdict) -> int:
        """The number of scenarios with this verdict."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def tokens_in(self) -> int:
        return sum(result.tokens_in for result in self.results)

    @property
    def tokens_out(self) -> int:
        return sum(result.tokens_out for result in self.results)

    @property
    def calls(self) -> int:
        return sum(result.calls for result in self.results)

    @property
    def refused(self) -> int:
        return sum(result.refused for result in self.results)

    @property
    def tokens_cached(self) -> int:
        return sum(result.tokens_cached for result in self.results)

    @property
    def cost(self) -> Decimal:
        return sum((result.cost for result in self.results), Decimal(0))

    def as_dict(self) -> dict[str, Any]:
        """The results as JSON."""
        return {
            "model": self.model,
            "endpoint": self.endpoint,
            **{verdict.value: self.count(verdict) for verdict in ScenarioVerdict},
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "calls": self.calls,
            "tokens_cached": self.tokens_cached,
            "refused": self.refused,
            "cost": float(self.cost),
            "seconds": self.seconds,
            "scenarios": [result.as_dict() for result in self.results],
        }
