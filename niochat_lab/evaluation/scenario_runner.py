"""Scenarios are played, several at once, each within its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from niochat.assistant.tools.consent.topic_mentions import mentions_plans, mentions_trouble
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import NiochatError, UnavailableError
from niochat_lab.evaluation.definitions.scenario_schema import (
    ExpectedLedger,
    Scenario,
    ScenarioStep,
    StepExpectation,
)
from niochat_lab.evaluation.evaluation_results import ScenarioResult, ScenarioVerdict, build_result
from niochat_lab.evaluation.scenario_checks import (
    check_call_limits,
    check_excess_writes,
    check_expectation,
    check_failures,
    check_leaks,
    check_ledger,
    check_lies,
    check_limit,
)
from niochat_lab.evaluation.scenario_faults import ScenarioFaultClient
from niochat_lab.evaluation.scenario_session import ScenarioSession, SessionFactory

RunScenario = Callable[[ScenarioSession, ScenarioFaultClient, float], Awaitable[ScenarioResult]]
"""Plays a scenario on its stage; the number is the clock's when it began."""


@dataclass(frozen=True, slots=True)
class EvaluationTimeouts:
    """Seconds for one scenario, and for all of them."""

    scenario_s: float = 300.0
    run_s: float = 3600.0


async def run_scenarios(
    stage_of: SessionFactory,
    sandbox_url: str,
    scenarios: Sequence[Scenario],
    at_once: int,
    told: Callable[[ScenarioResult], None],
    within: EvaluationTimeouts = EvaluationTimeouts(),
    plays: RunScenario | None = None,
) -> list[ScenarioResult]:
    """Results in the order of the scenarios; ``told`` hears of each as it ends. ``plays``:
    how, if not step by step.

    Raises ``UnavailableError`` when the whole does not end in time.
    """
    turnstile = asyncio.Semaphore(at_once)
    client = SandboxClient(sandbox_url, "")
    faults = ScenarioFaultClient(client)

    async def one(scenario: Scenario) -> ScenarioResult:
        async with turnstile:
            result = await run_scenario(stage_of, scenario, faults, within.scenario_s, plays)
        told(result)
        return result

    try:
        await faults.withdraw({scenario.key for scenario in scenarios})
        async with asyncio.timeout(within.run_s):
            return list(await asyncio.gather(*(one(scenario) for scenario in scenarios)))
    except TimeoutError:
        raise UnavailableError(f"not all was played within {within.run_s:g} s") from None
    finally:
        await client.close()


async def run_scenario(
    stage_of: SessionFactory,
    scenario: Scenario,
    faults: ScenarioFaultClient,
    within_s: float,
    plays: RunScenario | None = None,
) -> ScenarioResult:
    """The scenario's result; what hinders it is one of its problems."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s), stage_of(scenario) as stage:
            return await (plays or run_scripted)(stage, faults, began)
    except (NiochatError, TimeoutError) as error:
        why = str(error) or f"not within {within_s:g} s"
        seconds = round(time.monotonic() - began, 1)
        return ScenarioResult(
            scenario.name,
            scenario.kind,
            ScenarioVerdict.FAILED,
            (f"broke off: {why}",),
            seconds=seconds,
        )


async def run_scripted(
    stage: ScenarioSession,
    faults: ScenarioFaultClient,
    began: float,
    lies: Sequence[str] | None = None,
) -> ScenarioResult:
    """Step by step. With ``lies`` the model may fail, but only without harm."""
    problems: list[str] = []
    try:
        for number, step in enumerate(stage.scenario.steps, start=1):
            found = await _run_step(stage, step, faults)
            if lies is None:
                problems += [f"step {number}: {problem}" for problem in found]
    except NiochatError as error:
        problems.append(f"step {number}: {error}")
    finally:
        if any(step.fault is not None for step in stage.scenario.steps):
            await faults.withdraw({stage.scenario.key})
    problems += await (_check_run(stage) if lies is None else _check_harm(stage, lies))
    seconds = time.monotonic() - began
    return build_result(
        stage.scenario,
        problems,
        await stage.load_turns(),
        seconds,
        await stage.load_transcript(),
        await stage.count_refused_texts(),
    )


async def _run_step(
    stage: ScenarioSession, step: ScenarioStep, faults: ScenarioFaultClient
) -> list[str]:
    match step:
        case ScenarioStep(say=texts) if texts is not None:
            for text in texts:
                await stage.send_text(text)
        case ScenarioStep(send=sending) if sending is not None:
            await stage.send_text(sending.text, kind=sending.kind)
        case ScenarioStep(fault=fault) if fault is not None:
            await faults.inject(stage.scenario.key, fault)
        case ScenarioStep(set=change) if change is not None:
            await stage.change_erp(change)
        case ScenarioStep(resolve=True):
            await stage.resolve_conversation()
        case ScenarioStep(wait_silence=seconds) if seconds is not None:
            await asyncio.sleep(seconds)
        case _:
            await faults.withdraw({stage.scenario.key})
    if step.meanwhile is not None:
        await stage.wait_for_turn()
        await stage.send_text(step.meanwhile)
    if step.say or step.send or step.wait_silence:
        await stage.wait_until_idle()
    return check_expectation(
        step.expect or StepExpectation(), await stage.observe_step(), stage.people
    )


async def _check_run(stage: ScenarioSession) -> list[str]:
    """What is true of the run as a whole, whatever its steps came to."""
    scenario, cast = stage.scenario, stage.people
    seen = await stage.observe_run()
    problems = [f"in all: {problem}" for problem in check_expectation(scenario.outcome, seen, cast)]
    if not scenario.without_erp:
        problems += check_ledger(scenario.ledger, await stage.load_ledger())
        problems += check_call_limits(scenario.calls_at_most, await stage.load_erp_calls())
    texts = [message.text for message in seen.received]
    work = await stage.load_turns()
    problems += check_failures(scenario.kind, work, texts)
    problems += check_limit(
        "calls of the model", sum(t.calls for t in work), scenario.model_calls_at_most
    )
    problems += check_limit("tokens read", sum(t.tokens_in for t in work), scenario.tokens_at_most)
    problems += check_limit(
        "texts refused", await stage.count_refused_texts(), scenario.refused_at_most
    )
    return problems + check_leaks(texts, cast, scenario.forbidden)


async def _check_harm(stage: ScenarioSession, lies: Sequence[str]) -> list[str]:
    """What no model may bring about: a write that nobody asked for, a leak, a lie, silence."""
    scenario, cast = stage.scenario, stage.people
    texts = [message.text for message in (await stage.observe_run()).received]
    problems = [] if texts else ["the customer heard nothing"]
    if not scenario.without_erp:
        problems += check_excess_writes(_allowed_writes(scenario), await stage.load_ledger())
    return problems + check_lies(texts, lies) + check_leaks(texts, cast, scenario.forbidden)


def _allowed_writes(scenario: Scenario) -> ExpectedLedger:
    """Too soon is no harm: a technician for trouble that was told of, an interest in a plan that
    was spoken of. An unlock is used up for the month, so nothing but a wish for it counts.
    """
    said = [text for step in scenario.steps for text in (step.say or ())]
    ledger = scenario.ledger
    return ledger.model_copy(
        update={
            "ticket": ledger.ticket or int(mentions_trouble(said)),
            "lead": ledger.lead or int(mentions_plans(said)),
        }
    )
