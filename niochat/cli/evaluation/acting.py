"""A model plays the customer, and another reads what came of it: personas against the assistant."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from niochat.cli.evaluation.checks import broken, leaked, over, overdone, unmet
from niochat.cli.evaluation.models.answers import NoAnswer
from niochat.cli.evaluation.models.asked import Asked, objects_in
from niochat.cli.evaluation.models.endpoint import Player
from niochat.cli.evaluation.orders import Faults
from niochat.cli.evaluation.persona import Persona
from niochat.cli.evaluation.results import Result, result_of
from niochat.cli.evaluation.stage import Stage

CUSTOMER, JUDGE = ".customer", ".judge"
"""How the conversations of those two are called, after the persona's."""
RUBRIC = Path(__file__).parent / "rubric.md"
_END = "FIM"
_TRIES = 2


class Opinion(BaseModel):
    """On one criterion of the rubric."""

    model_config = ConfigDict(extra="forbid")
    criterio: str
    atendido: bool
    motivo: str


class Judgement(BaseModel):
    """On a conversation."""

    model_config = ConfigDict(extra="forbid")
    criterios: list[Opinion]


@dataclass(slots=True)
class _Line:
    """One player's talk: its requests are numbered."""

    player: Player
    name: str
    messages: list[dict[str, str]]
    number: int = 0

    async def ask(self, *new: dict[str, str], **more: object) -> str:
        """What is answered to the talk with these messages more. Raises ``NoAnswer``."""
        self.messages += new
        self.number += 1
        body = {"model": self.name, "messages": list(self.messages), **more}
        told = new if self.number > 1 else self.messages[1:]
        text = (await self.player.answer(Asked(self.name, self.number, body, list(told)))).text
        self.messages.append({"role": "assistant", "content": text})
        return text


@dataclass(frozen=True, slots=True)
class Acting:
    """Plays personas; ``judge`` reads by the rubric, where there is one."""

    personas: Mapping[str, Persona]
    """By the names of their scenarios."""
    customer: Player
    judge: Player | None = None
    rubric: str = field(default_factory=lambda: RUBRIC.read_text("utf-8"))

    async def __call__(self, stage: Stage, faults: Faults, began: float) -> Result:
        """One conversation, from the first message to the last."""
        persona = self.personas[stage.scenario.name]
        try:
            problems = await self._talk(persona, stage)
        except NoAnswer as refused:
            problems = [f"the customer said nothing: {refused}"]
        problems += await _judged_by_rules(persona, stage)
        transcript = await stage.transcript()
        problems += await self._judged(stage.scenario.name, transcript)
        seconds = time.monotonic() - began
        work, refused_texts = await stage.work(), await stage.refused()
        return result_of(stage.scenario, problems, work, seconds, transcript, refused_texts)

    async def _talk(self, persona: Persona, stage: Stage) -> list[str]:
        prompt = {"role": "system", "content": persona.prompt(stage.cast)}
        line = _Line(self.customer, f"{stage.scenario.name}{CUSTOMER}", [prompt])
        heard = "(Comece você a conversa.)"
        wrote = 0
        if persona.begins is not None:
            first = stage.cast.fill(persona.begins)
            line.messages += [
                {"role": "user", "content": heard}, {"role": "assistant", "content": first},
            ]  # fmt: skip
            wrote, heard = 1, await _say(stage, [first])
        while wrote < persona.messages_at_most:
            said, ends = read_said(await line.ask({"role": "user", "content": heard}))
            if said:
                wrote += len(said)
                heard = await _say(stage, said)
            if ends or not said:
                return []
        return []

    async def _judged(self, name: str, transcript: Sequence[Mapping[str, str]]) -> list[str]:
        if self.judge is None:
            return []
        prompt = {"role": "system", "content": self.rubric}
        line = _Line(self.judge, f"{name}{JUDGE}", [prompt])
        told = "\n".join(
            f"{'CLIENTE' if each['who'] == 'customer' else 'ATENDIMENTO'}: {each['text']}"
            for each in transcript
        )
        asked = f"{told}\n\nResponda só com o JSON pedido."
        try:
            for _ in range(_TRIES):
                text = await line.ask({"role": "user", "content": asked}, response_format=_schema())
                try:
                    return _unmet_criteria(_judgement(text), self.rubric)
                except ValueError as error:
                    asked = f"Isto não é a avaliação pedida: {error}. Responda só com o JSON."
        except NoAnswer as refused:
            return [f"nobody judged: {refused}"]
        return ["nobody judged: no answer was a judgement of every criterion"]


def read_said(text: str) -> tuple[list[str], bool]:
    """(messages, whether it ends) of a JSON, or of lines as a person types them."""
    told: dict[str, Any] = next(iter(objects_in(text)), {})
    if isinstance(told.get("mensagens"), list):
        said = [str(each).strip() for each in told["mensagens"] if str(each).strip()]
        return said, bool(told.get("fim"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if line != _END], _END in lines


def criteria_of(rubric: str) -> list[str]:
    """Names of the rubric's criteria."""
    lines = [line for line in rubric.splitlines() if line.startswith("- ")]
    return [line[2:].partition(":")[0].strip() for line in lines]


async def _say(stage: Stage, said: Sequence[str]) -> str:
    """What the customer hears after these messages."""
    for text in said:
        await stage.say(text)
    await stage.quiet()
    seen = await stage.seen()
    heard = "\n".join(
        each.text if each.kind == "text" else f"[{each.kind}] {each.text}".rstrip()
        for each in seen.received
    )
    if heard:
        return heard
    waiting = seen.status in ("waiting", "open")
    return "(Ninguém respondeu ainda: uma pessoa vai continuar.)" if waiting else "(Sem resposta.)"


async def _judged_by_rules(persona: Persona, stage: Stage) -> list[str]:
    seen, work = await stage.seen_in_all(), await stage.work()
    texts = [message.text for message in seen.received]
    ledger = await stage.ledger()
    kinds = {str(line["kind"]) for line in ledger}
    problems = [f"in all: {problem}" for problem in unmet(persona.outcome, seen, stage.cast)]
    problems += overdone(persona.ledger, ledger)
    problems += [f"ledger: no {kind}" for kind in persona.done if kind not in kinds]
    problems += leaked(texts, stage.cast, persona.forbidden)
    problems += broken(stage.scenario.kind, work, texts)
    if persona.tells_protocol and seen.protocol not in "\n".join(texts):
        problems.append("the protocol is never told")
    read = sum(turn.tokens_in for turn in work)
    problems += over("tokens read", read, persona.tokens_at_most)
    return problems + over("texts refused", await stage.refused(), persona.refused_at_most)


def _judgement(text: str) -> Judgement:
    """Raises ``ValueError``."""
    told = next(iter(objects_in(text)), None)
    if told is None:
        raise ValueError("there is no JSON in it")
    try:
        return Judgement.model_validate(told)
    except ValidationError as error:
        raise ValueError(json.dumps(error.errors(include_url=False)[:3], default=str)) from None


def _unmet_criteria(judgement: Judgement, rubric: str) -> list[str]:
    opinions = {each.criterio: each for each in judgement.criterios}
    missing = [name for name in criteria_of(rubric) if name not in opinions]
    if missing:
        raise ValueError(f"criteria are missing: {', '.join(missing)}")
    return [
        f"rubric: {each.criterio}: {each.motivo}" for each in opinions.values() if not each.atendido
    ]


def _schema() -> dict[str, Any]:
    opinion = {
        "type": "object",
        "properties": {
            "criterio": {"type": "string"}, "atendido": {"type": "boolean"},
            "motivo": {"type": "string"},
        },
        "required": ["criterio", "atendido", "motivo"],
        "additionalProperties": False,
    }  # fmt: skip
    schema = {
        "type": "object",
        "properties": {"criterios": {"type": "array", "items": opinion}},
        "required": ["criterios"],
        "additionalProperties": False,
    }
    told = {"name": "avaliacao", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": told}
