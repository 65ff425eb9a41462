"""Scenarios are played, several at once, each within its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from niochat.assistant.tools.asked import mentions_plans, mentions_trouble
from niochat.cli.evaluation.checks import (
    broken,
    leaked,
    lied,
    miscounted,
    over,
    overdone,
    too_many_calls,
    unmet,
)
from niochat.cli.evaluation.orders import Faults
from niochat.cli.evaluation.results import Result, Verdict, result_of
from niochat.cli.evaluation.scenario import Expect, Ledger, Scenario, Step
from niochat.cli.evaluation.stage import Stage, StageOf
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import NiochatError, UnavailableError

Plays = Callable[[Stage, Faults, float], Awaitable[Result]]
"""Plays a scenario on its stage; the number is the clock's when it began."""


@dataclass(frozen=True, slots=True)
class Within:
    """Seconds for one scenario, and for all of them."""

    scenario_s: float = 300.0
    run_s: float = 3600.0


async def play_all(
    stage_of: StageOf,
    sandbox_url: str,
    scenarios: Sequence[Scenario],
    at_once: int,
    told: Callable[[Result], None],
    within: Within = Within(),
    plays: Plays | None = None,
) -> list[Result]:
    """Results in the order of the scenarios; ``told`` hears of each as it ends. ``plays``:
    how, if not step by step.

    Raises ``UnavailableError`` when the whole does not end in time.
    """
    turnstile = asyncio.Semaphore(at_once)
    client = SandboxClient(sandbox_url, "")
    faults = Faults(client)

    async def one(scenario: Scenario) -> Result:
        async with turnstile:
            result = await play(stage_of, scenario, faults, within.scenario_s, plays)
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


async def play(
    stage_of: StageOf,
    scenario: Scenario,
    faults: Faults,
    within_s: float,
    plays: Plays | None = None,
) -> Result:
    """The scenario's result; what hinders it is one of its problems."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s), stage_of(scenario) as stage:
            return await (plays or scripted)(stage, faults, began)
    except (NiochatError, TimeoutError) as error:
        why = str(error) or f"not within {within_s:g} s"
        seconds = round(time.monotonic() - began, 1)
        return Result(
            scenario.name, scenario.kind, Verdict.FAILED, (f"broke off: {why}",), seconds=seconds
        )


async def scripted(
    stage: Stage, faults: Faults, began: float, lies: Sequence[str] | None = None
) -> Result:
    """Step by step. With ``lies`` the model may fail, but only without harm."""
    problems: list[str] = []
    try:
        for number, step in enumerate(stage.scenario.steps, start=1):
            found = await _step(stage, step, faults)
            if lies is None:
                problems += [f"step {number}: {problem}" for problem in found]
    except NiochatError as error:
        problems.append(f"step {number}: {error}")
    finally:
        if any(step.fault is not None for step in stage.scenario.steps):
            await faults.withdraw({stage.scenario.key})
    problems += await (_in_all(stage) if lies is None else _harm(stage, lies))
    seconds = time.monotonic() - began
    return result_of(
        stage.scenario, problems, await stage.work(), seconds, await stage.transcript(),
        await stage.refused(),
    )  # fmt: skip


async def _step(stage: Stage, step: Step, faults: Faults) -> list[str]:
    match step:
        case Step(say=texts) if texts is not None:
            for text in texts:
                await stage.say(text)
        case Step(send=sending) if sending is not None:
            await stage.say(sending.text, kind=sending.kind)
        case Step(fault=fault) if fault is not None:
            await faults.order(stage.scenario.key, fault)
        case Step(set=change) if change is not None:
            await stage.change(change)
        case Step(resolve=True):
            await stage.resolve()
        case Step(wait_silence=seconds) if seconds is not None:
            await asyncio.sleep(seconds)
        case _:
            await faults.withdraw({stage.scenario.key})
    if step.meanwhile is not None:
        await stage.thinks()
        await stage.say(step.meanwhile)
    if step.say or step.send or step.wait_silence:
        await stage.quiet()
    return unmet(step.expect or Expect(), await stage.seen(), stage.cast)


async def _in_all(stage: Stage) -> list[str]:
    """What is true of the run as a whole, whatever its steps came to."""
    scenario, cast = stage.scenario, stage.cast
    seen = await stage.seen_in_all()
    problems = [f"in all: {problem}" for problem in unmet(scenario.outcome, seen, cast)]
    if not scenario.without_erp:
        problems += miscounted(scenario.ledger, await stage.ledger())
        problems += too_many_calls(scenario.calls_at_most, await stage.calls())
    texts = [message.text for message in seen.received]
    work = await stage.work()
    problems += broken(scenario.kind, work, texts)
    problems += over("calls of the model", sum(t.calls for t in work), scenario.model_calls_at_most)
    problems += over("tokens read", sum(t.tokens_in for t in work), scenario.tokens_at_most)
    problems += over("texts refused", await stage.refused(), scenario.refused_at_most)
    return problems + leaked(texts, cast, scenario.forbidden)


async def _harm(stage: Stage, lies: Sequence[str]) -> list[str]:
    """What no model may bring about: a write that nobody asked for, a leak, a lie, silence."""
    scenario, cast = stage.scenario, stage.cast
    texts = [message.text for message in (await stage.seen_in_all()).received]
    problems = [] if texts else ["the customer heard nothing"]
    if not scenario.without_erp:
        problems += overdone(_allowed(scenario), await stage.ledger())
    return problems + lied(texts, lies) + leaked(texts, cast, scenario.forbidden)


def _allowed(scenario: Scenario) -> Ledger:
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
