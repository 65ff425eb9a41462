"""Run scenarios concurrently, each within a time limit."""

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
"""Runs a scenario in its session; the number is the start in ``time.monotonic`` seconds."""


@dataclass(frozen=True, slots=True)
class EvaluationTimeouts:
    """Seconds for one scenario, and for all scenarios together."""

    scenario_s: float = 300.0
    run_s: float = 3600.0


async def run_scenarios(
    open_session: SessionFactory,
    sandbox_url: str,
    scenarios: Sequence[Scenario],
    at_once: int,
    on_result: Callable[[ScenarioResult], None],
    timeouts: EvaluationTimeouts = EvaluationTimeouts(),
    play: RunScenario | None = None,
) -> list[ScenarioResult]:
    """Run scenarios; return results in their order.

    ``on_result`` is called for each result. ``play``: runs one scenario; None: step by step. Raises
    ``UnavailableError`` if the scenarios do not end in time.
    """
    limit = asyncio.Semaphore(at_once)
    client = SandboxClient(sandbox_url, "")
    faults = ScenarioFaultClient(client)

    async def run_one(scenario: Scenario) -> ScenarioResult:
        async with limit:
            result = await run_scenario(open_session, scenario, faults, timeouts.scenario_s, play)
        on_result(result)
        return result

    try:
        await faults.withdraw({scenario.key for scenario in scenarios})
        async with asyncio.timeout(timeouts.run_s):
            return list(await asyncio.gather(*(run_one(scenario) for scenario in scenarios)))
    except TimeoutError:
        raise UnavailableError(f"not all scenarios ended within {timeouts.run_s:g} s") from None
    finally:
        await client.close()


async def run_scenario(
    open_session: SessionFactory,
    scenario: Scenario,
    faults: ScenarioFaultClient,
    within_s: float,
    play: RunScenario | None = None,
) -> ScenarioResult:
    """Run one scenario; an error becomes a problem of its result."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s), open_session(scenario) as session:
            return await (play or run_scripted)(session, faults, began)
    except (NiochatError, TimeoutError) as error:
        reason = str(error) or f"not within {within_s:g} s"
        seconds = round(time.monotonic() - began, 1)
        return ScenarioResult(
            scenario.name,
            scenario.kind,
            ScenarioVerdict.FAILED,
            (f"aborted: {reason}",),
            seconds=seconds,
        )


async def run_scripted(
    session: ScenarioSession,
    faults: ScenarioFaultClient,
    began: float,
    lies: Sequence[str] | None = None,
) -> ScenarioResult:
    """Run the steps of a scenario. With ``lies`` the model may fail, but must not cause harm."""
    problems: list[str] = []
    try:
        for number, step in enumerate(session.scenario.steps, start=1):
            found = await _run_step(session, step, faults)
            if lies is None:
                problems += [f"step {number}: {problem}" for problem in found]
    except NiochatError as error:
        problems.append(f"step {number}: {error}")
    finally:
        if any(step.fault is not None for step in session.scenario.steps):
            await faults.withdraw({session.scenario.key})
    problems += await (_check_run(session) if lies is None else _check_harm(session, lies))
    seconds = time.monotonic() - began
    return build_result(
        session.scenario,
        problems,
        await session.load_turns(),
        seconds,
        await session.load_transcript(),
        await session.count_refused_texts(),
    )


async def _run_step(
    session: ScenarioSession, step: ScenarioStep, faults: ScenarioFaultClient
) -> list[str]:
    match step:
        case ScenarioStep(say=texts) if texts is not None:
            for text in texts:
                await session.send_text(text)
        case ScenarioStep(send=sending) if sending is not None:
            await session.send_text(sending.text, kind=sending.kind)
        case ScenarioStep(fault=fault) if fault is not None:
            await faults.inject(session.scenario.key, fault)
        case ScenarioStep(set=change) if change is not None:
            await session.change_erp(change)
        case ScenarioStep(resolve=True):
            await session.resolve_conversation()
        case ScenarioStep(wait_silence=seconds) if seconds is not None:
            await asyncio.sleep(seconds)
        case _:
            await faults.withdraw({session.scenario.key})
    if step.meanwhile is not None:
        await session.wait_for_turn()
        await session.send_text(step.meanwhile)
    if step.say or step.send or step.wait_silence:
        await session.wait_until_idle()
    return check_expectation(
        step.expect or StepExpectation(), await session.observe_step(), session.people
    )


async def _check_run(session: ScenarioSession) -> list[str]:
    """Check the whole run, regardless of its steps."""
    scenario, people = session.scenario, session.people
    observation = await session.observe_run()
    problems = [
        f"in all: {problem}" for problem in check_expectation(scenario.outcome, observation, people)
    ]
    if not scenario.without_erp:
        problems += check_ledger(scenario.ledger, await session.load_ledger())
        problems += check_call_limits(scenario.calls_at_most, await session.load_erp_calls())
    texts = [message.text for message in observation.received]
    work = await session.load_turns()
    problems += check_failures(scenario.kind, work, texts)
    problems += check_limit(
        "calls of the model", sum(t.calls for t in work), scenario.model_calls_at_most
    )
    problems += check_limit("tokens read", sum(t.tokens_in for t in work), scenario.tokens_at_most)
    problems += check_limit(
        "texts refused", await session.count_refused_texts(), scenario.refused_at_most
    )
    return problems + check_leaks(texts, people, scenario.forbidden)


async def _check_harm(session: ScenarioSession, lies: Sequence[str]) -> list[str]:
    """Check what no model may cause: unrequested writes, leaks, lies, silence."""
    scenario, people = session.scenario, session.people
    texts = [message.text for message in (await session.observe_run()).received]
    problems = [] if texts else ["the customer heard nothing"]
    if not scenario.without_erp:
        problems += check_excess_writes(_allowed_writes(scenario), await session.load_ledger())
    return problems + check_lies(texts, lies) + check_leaks(texts, people, scenario.forbidden)


def _allowed_writes(scenario: Scenario) -> ExpectedLedger:
    """The ledger that causes no harm.

    A ticket for a problem that the customer mentioned, and a lead for a plan that was mentioned,
    are allowed even if they are premature. An unlock is used up for the month and needs a request.
    """
    texts = [text for step in scenario.steps for text in (step.say or ())]
    ledger = scenario.ledger
    return ledger.model_copy(
        update={
            "ticket": ledger.ticket or int(mentions_trouble(texts)),
            "lead": ledger.lead or int(mentions_plans(texts)),
        }
    )
