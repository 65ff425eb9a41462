"""Run personas: one model plays the customer, and another judges the conversation by the rubric."""

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
"""The suffixes of the names under which the player's and the judge's dialogues are recorded."""
RUBRIC_FILE = Path(__file__).parent / "rubric.md"
_END_MARKER = "FIM"
_MAX_TRIES = 2


class CriterionVerdict(BaseModel):
    """The verdict on one criterion of the rubric."""

    model_config = ConfigDict(extra="forbid")
    criterio: str
    atendido: bool
    motivo: str


class RubricVerdict(BaseModel):
    """The verdicts on a conversation."""

    model_config = ConfigDict(extra="forbid")
    criterios: list[CriterionVerdict]


@dataclass(slots=True)
class _ModelDialogue:
    """The dialogue with one responder, whose requests are numbered."""

    responder: ModelResponder
    name: str
    messages: list[dict[str, str]]
    number: int = 0

    async def request_text(self, *new: dict[str, str], **more: object) -> str:
        """Request an answer to the dialogue with the new messages. Raises
        ``ResponderRefusedError``.
        """
        self.messages += new
        self.number += 1
        body = {"model": self.name, "messages": list(self.messages), **more}
        new_messages = new if self.number > 1 else self.messages[1:]
        text = (
            await self.responder.answer(
                ModelRequest(self.name, self.number, body, list(new_messages))
            )
        ).text
        self.messages.append({"role": "assistant", "content": text})
        return text


@dataclass(frozen=True, slots=True)
class PersonaRunner:
    """Plays personas. ``judge``: judges by the rubric; None: no judgement."""

    personas: Mapping[str, Persona]
    """Personas by the names of their scenarios."""
    customer: ModelResponder
    judge: ModelResponder | None = None
    rubric: str = field(default_factory=lambda: RUBRIC_FILE.read_text("utf-8"))

    async def __call__(
        self, session: ScenarioSession, faults: ScenarioFaultClient, began: float
    ) -> ScenarioResult:
        """Run one conversation, from the first message to the last."""
        persona = self.personas[session.scenario.name]
        try:
            problems = await self._run_dialogue(persona, session)
        except ResponderRefusedError as error:
            problems = [f"the customer's responder failed: {error}"]
        problems += await _judge_by_rules(persona, session)
        transcript = await session.load_transcript()
        problems += await self._judge_by_rubric(session.scenario.name, transcript)
        seconds = time.monotonic() - began
        work, refused_texts = await session.load_turns(), await session.count_refused_texts()
        return build_result(session.scenario, problems, work, seconds, transcript, refused_texts)

    async def _run_dialogue(self, persona: Persona, session: ScenarioSession) -> list[str]:
        prompt = {"role": "system", "content": persona.build_prompt(session.people)}
        dialogue = _ModelDialogue(
            self.customer, f"{session.scenario.name}{CUSTOMER_SUFFIX}", [prompt]
        )
        reply = "(Comece você a conversa.)"
        written = 0
        if persona.begins is not None:
            first = session.people.fill(persona.begins)
            dialogue.messages += [
                {"role": "user", "content": reply},
                {"role": "assistant", "content": first},
            ]
            written, reply = 1, await _send_messages(session, [first])
        while written < persona.messages_at_most:
            messages, is_end = parse_customer_messages(
                await dialogue.request_text({"role": "user", "content": reply})
            )
            if messages:
                written += len(messages)
                reply = await _send_messages(session, messages)
            if is_end or not messages:
                return []
        return []

    async def _judge_by_rubric(
        self, name: str, transcript: Sequence[Mapping[str, str]]
    ) -> list[str]:
        if self.judge is None:
            return []
        prompt = {"role": "system", "content": self.rubric}
        dialogue = _ModelDialogue(self.judge, f"{name}{JUDGE_SUFFIX}", [prompt])
        conversation = "\n".join(
            f"{'CLIENTE' if each['who'] == 'customer' else 'ATENDIMENTO'}: {each['text']}"
            for each in transcript
        )
        prompt_text = f"{conversation}\n\nResponda só com o JSON pedido."
        try:
            for _ in range(_MAX_TRIES):
                text = await dialogue.request_text(
                    {"role": "user", "content": prompt_text}, response_format=_verdict_schema()
                )
                try:
                    return _find_unmet_criteria(_parse_verdict(text), self.rubric)
                except ValueError as error:
                    prompt_text = f"Isto não é a avaliação pedida: {error}. Responda só com o JSON."
        except ResponderRefusedError as error:
            return [f"the judge failed: {error}"]
        return ["the judge failed: no answer covered every criterion"]


def parse_customer_messages(text: str) -> tuple[list[str], bool]:
    """Parse (messages, whether the dialogue ends) from JSON, or from lines that a person typed."""
    data: dict[str, Any] = next(iter(parse_json_objects(text)), {})
    if isinstance(data.get("mensagens"), list):
        messages = [str(each).strip() for each in data["mensagens"] if str(each).strip()]
        return messages, bool(data.get("fim"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if line != _END_MARKER], _END_MARKER in lines


def parse_criteria(rubric: str) -> list[str]:
    """The names of the rubric's criteria."""
    lines = [line for line in rubric.splitlines() if line.startswith("- ")]
    return [line[2:].partition(":")[0].strip() for line in lines]


async def _send_messages(session: ScenarioSession, messages: Sequence[str]) -> str:
    """Send messages and wait for the replies; return what the customer reads."""
    for text in messages:
        await session.send_text(text)
    await session.wait_until_idle()
    observation = await session.observe_step()
    reply = "\n".join(
        each.text if each.kind == "text" else f"[{each.kind}] {each.text}".rstrip()
        for each in observation.received
    )
    if reply:
        return reply
    waiting = observation.status in ("waiting", "open")
    return "(Ninguém respondeu ainda: uma pessoa vai continuar.)" if waiting else "(Sem resposta.)"


async def _judge_by_rules(persona: Persona, session: ScenarioSession) -> list[str]:
    observation, work = await session.observe_run(), await session.load_turns()
    texts = [message.text for message in observation.received]
    ledger = await session.load_ledger()
    kinds = {str(line["kind"]) for line in ledger}
    problems = [
        f"in all: {problem}"
        for problem in check_expectation(persona.outcome, observation, session.people)
    ]
    problems += check_excess_writes(persona.ledger, ledger)
    problems += [f"ledger: no {kind}" for kind in persona.done if kind not in kinds]
    problems += check_leaks(texts, session.people, persona.forbidden)
    problems += check_failures(session.scenario.kind, work, texts)
    if persona.tells_protocol and observation.protocol not in "\n".join(texts):
        problems.append("no message states the protocol")
    tokens_in = sum(turn.tokens_in for turn in work)
    problems += check_limit("tokens read", tokens_in, persona.tokens_at_most)
    return problems + check_limit(
        "texts refused", await session.count_refused_texts(), persona.refused_at_most
    )


def _parse_verdict(text: str) -> RubricVerdict:
    """Parse a verdict; raises ``ValueError``."""
    data = next(iter(parse_json_objects(text)), None)
    if data is None:
        raise ValueError("the answer has no JSON")
    try:
        return RubricVerdict.model_validate(data)
    except ValidationError as error:
        raise ValueError(json.dumps(error.errors(include_url=False)[:3], default=str)) from None


def _find_unmet_criteria(verdict: RubricVerdict, rubric: str) -> list[str]:
    verdicts = {each.criterio: each for each in verdict.criterios}
    missing = [name for name in parse_criteria(rubric) if name not in verdicts]
    if missing:
        raise ValueError(f"criteria are missing: {', '.join(missing)}")
    return [
        f"rubric: {each.criterio}: {each.motivo}" for each in verdicts.values() if not each.atendido
    ]


def _verdict_schema() -> dict[str, Any]:
    criterion = {
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
        "properties": {"criterios": {"type": "array", "items": criterion}},
        "required": ["criterios"],
        "additionalProperties": False,
    }
    named_schema = {"name": "avaliacao", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named_schema}
