"""A model plays the customer, and another reads what came of it: personas against the assistant."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from niochat_lab.evaluation.definitions.persona_schema import Persona
from niochat_lab.evaluation.evaluation_results import ScenarioResult, build_result
from niochat_lab.evaluation.responders.model_answer import ResponderRefusedError
from niochat_lab.evaluation.responders.model_request import ModelRequest, parse_json_objects
from niochat_lab.evaluation.responders.responder_endpoint import ModelResponder
from niochat_lab.evaluation.scenario_checks import (
    check_excess_writes,
    check_expectation,
    check_failures,
    check_leaks,
    check_limit,
)
from niochat_lab.evaluation.scenario_faults import ScenarioFaultClient
from niochat_lab.evaluation.scenario_session import ScenarioSession

CUSTOMER_SUFFIX, JUDGE_SUFFIX = ".customer", ".judge"
"""How the conversations of those two are called, after the persona's."""
RUBRIC_FILE = Path(__file__).parent / "rubric.md"
_END_MARKER = "FIM"
_MAX_TRIES = 2


class CriterionVerdict(BaseModel):
    """On one criterion of the rubric."""

    model_config = ConfigDict(extra="forbid")
    criterio: str
    atendido: bool
    motivo: str


class RubricVerdict(BaseModel):
    """On a conversation."""

    model_config = ConfigDict(extra="forbid")
    criterios: list[CriterionVerdict]


@dataclass(slots=True)
class _ModelDialogue:
    """One player's talk: its requests are numbered."""

    player: ModelResponder
    name: str
    messages: list[dict[str, str]]
    number: int = 0

    async def request_text(self, *new: dict[str, str], **more: object) -> str:
        """What is answered to the talk with these messages more. Raises
        ``ResponderRefusedError``.
        """
        self.messages += new
        self.number += 1
        body = {"model": self.name, "messages": list(self.messages), **more}
        told = new if self.number > 1 else self.messages[1:]
        text = (
            await self.player.answer(ModelRequest(self.name, self.number, body, list(told)))
        ).text
        self.messages.append({"role": "assistant", "content": text})
        return text


@dataclass(frozen=True, slots=True)
class PersonaRunner:
    """Plays personas; ``judge`` reads by the rubric, where there is one."""

    personas: Mapping[str, Persona]
    """By the names of their scenarios."""
    customer: ModelResponder
    judge: ModelResponder | None = None
    rubric: str = field(default_factory=lambda: RUBRIC_FILE.read_text("utf-8"))

    async def __call__(
        self, stage: ScenarioSession, faults: ScenarioFaultClient, began: float
    ) -> ScenarioResult:
        """One conversation, from the first message to the last."""
        persona = self.personas[stage.scenario.name]
        try:
            problems = await self._run_dialogue(persona, stage)
        except ResponderRefusedError as refused:
            problems = [f"the customer said nothing: {refused}"]
        problems += await _judge_by_rules(persona, stage)
        transcript = await stage.load_transcript()
        problems += await self._judge_by_rubric(stage.scenario.name, transcript)
        seconds = time.monotonic() - began
        work, refused_texts = await stage.load_turns(), await stage.count_refused_texts()
        return build_result(stage.scenario, problems, work, seconds, transcript, refused_texts)

    async def _run_dialogue(self, persona: Persona, stage: ScenarioSession) -> list[str]:
        prompt = {"role": "system", "content": persona.build_prompt(stage.people)}
        line = _ModelDialogue(self.customer, f"{stage.scenario.name}{CUSTOMER_SUFFIX}", [prompt])
        heard = "(Comece você a conversa.)"
        wrote = 0
        if persona.begins is not None:
            first = stage.people.fill(persona.begins)
            line.messages += [
                {"role": "user", "content": heard},
                {"role": "assistant", "content": first},
            ]
            wrote, heard = 1, await _send_messages(stage, [first])
        while wrote < persona.messages_at_most:
            said, ends = parse_customer_messages(
                await line.request_text({"role": "user", "content": heard})
            )
            if said:
                wrote += len(said)
                heard = await _send_messages(stage, said)
            if ends or not said:
                return []
        return []

    async def _judge_by_rubric(
        self, name: str, transcript: Sequence[Mapping[str, str]]
    ) -> list[str]:
        if self.judge is None:
            return []
        prompt = {"role": "system", "content": self.rubric}
        line = _ModelDialogue(self.judge, f"{name}{JUDGE_SUFFIX}", [prompt])
        told = "\n".join(
            f"{'CLIENTE' if each['who'] == 'customer' else 'ATENDIMENTO'}: {each['text']}"
            for each in transcript
        )
        asked = f"{told}\n\nResponda só com o JSON pedido."
        try:
            for _ in range(_MAX_TRIES):
                text = await line.request_text(
                    {"role": "user", "content": asked}, response_format=_verdict_schema()
                )
                try:
                    return _find_unmet_criteria(_parse_verdict(text), self.rubric)
                except ValueError as error:
                    asked = f"Isto não é a avaliação pedida: {error}. Responda só com o JSON."
        except ResponderRefusedError as refused:
            return [f"nobody judged: {refused}"]
        return ["nobody judged: no answer was a judgement of every criterion"]


def parse_customer_messages(text: str) -> tuple[list[str], bool]:
    """(messages, whether it ends) of a JSON, or of lines as a person types them."""
    told: dict[str, Any] = next(iter(parse_json_objects(text)), {})
    if isinstance(told.get("mensagens"), list):
        said = [str(each).strip() for each in told["mensagens"] if str(each).strip()]
        return said, bool(told.get("fim"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if line != _END_MARKER], _END_MARKER in lines


def parse_criteria(rubric: str) -> list[str]:
    """Names of the rubric's criteria."""
    lines = [line for line in rubric.splitlines() if line.startswith("- ")]
    return [line[2:].partition(":")[0].strip() for line in lines]


async def _send_messages(stage: ScenarioSession, said: Sequence[str]) -> str:
    """What the customer hears after these messages."""
    for text in said:
        await stage.send_text(text)
    await stage.wait_until_idle()
    seen = await stage.observe_step()
    heard = "\n".join(
        each.text if each.kind == "text" else f"[{each.kind}] {each.text}".rstrip()
        for each in seen.received
    )
    if heard:
        return heard
    waiting = seen.status in ("waiting", "open")
    return "(Ninguém respondeu ainda: uma pessoa vai continuar.)" if waiting else "(Sem resposta.)"


async def _judge_by_rules(persona: Persona, stage: ScenarioSession) -> list[str]:
    seen, work = await stage.observe_run(), await stage.load_turns()
    texts = [message.text for message in seen.received]
    ledger = await stage.load_ledger()
    kinds = {str(line["kind"]) for line in ledger}
    problems = [
        f"in all: {problem}" for problem in check_expectation(persona.outcome, seen, stage.people)
    ]
    problems += check_excess_writes(persona.ledger, ledger)
    problems += [f"ledger: no {kind}" for kind in persona.done if kind not in kinds]
    problems += check_leaks(texts, stage.people, persona.forbidden)
    problems += check_failures(stage.scenario.kind, work, texts)
    if persona.tells_protocol and seen.protocol not in "\n".join(texts):
        problems.append("the protocol is never told")
    read = sum(turn.tokens_in for turn in work)
    problems += check_limit("tokens read", read, persona.tokens_at_most)
    return problems + check_limit(
        "texts refused", await stage.count_refused_texts(), persona.refused_at_most
    )


def _parse_verdict(text: str) -> RubricVerdict:
    """Raises ``ValueError``."""
    told = next(iter(parse_json_objects(text)), None)
    if told is None:
        raise ValueError("there is no JSON in it")
    try:
        return RubricVerdict.model_validate(told)
    except ValidationError as error:
        raise ValueError(json.dumps(error.errors(include_url=False)[:3], default=str)) from None


def _find_unmet_criteria(judgement: RubricVerdict, rubric: str) -> list[str]:
    opinions = {each.criterio: each for each in judgement.criterios}
    missing = [name for name in parse_criteria(rubric) if name not in opinions]
    if missing:
        raise ValueError(f"criteria are missing: {', '.join(missing)}")
    return [
        f"rubric: {each.criterio}: {each.motivo}" for each in opinions.values() if not each.atendido
    ]


def _verdict_schema() -> dict[str, Any]:
    opinion = {
        "type": "object",
        "properties": {
            "criterio": {"type": "string"},
            "atendido": {"type": "boolean"},
            "motivo": {"type": "string"},
        },
        "required": ["criterio", "atendido", "motivo"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"criterios": {"type": "array", "items": opinion}},
        "required": ["criterios"],
        "additionalProperties": False,
    }
    told = {"name": "avaliacao", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": told}
