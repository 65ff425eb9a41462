"""When a conversation goes round: another machine at the other end, too many turns, too dear.

All of it is read from rows, so that no restart makes it begin anew.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from niochat.assistant.case import Case
from niochat.assistant.context import Pace
from niochat.assistant.folding import fold
from niochat.assistant.handover import announcement, summary
from niochat.domain.commands import HandoffRequest
from niochat.domain.conversation import AssistantStopReason
from niochat.domain.message import Author

SAME_TEXT, SAME_SHORT_TEXT = 3, 5
"""So often the same text back, after each answer, is no person's; a person may well say yes
thrice.
"""
SHORT = 15
"""Characters up to which a text is short."""
TOO_FAST = 8
"""Answers in a row that come faster than anybody reads and types."""
SHORTEST_TYPED = 10
"""Characters from which the time for typing tells something."""
TYPED_PER_S, READS_S = 20.0, 0.3
"""Nobody types faster on a phone, nor begins sooner."""

_WHY = {
    AssistantStopReason.BOT_LOOP: "As mensagens se repetem como as de um atendimento automático.",
    AssistantStopReason.TURN_LIMIT: "A conversa passou do limite de respostas do assistente em uma hora.",
    AssistantStopReason.COST_LIMIT: "A conversa passou do limite de custo do assistente em uma hora.",
}
_SAID = {
    AssistantStopReason.BOT_LOOP: "Recebi mensagens que parecem automáticas, por isso paro de responder aqui.",
    AssistantStopReason.TURN_LIMIT: "Já conversamos bastante e não consegui concluir por aqui.",
    AssistantStopReason.COST_LIMIT: "Já conversamos bastante e não consegui concluir por aqui.",
}


@dataclass(frozen=True, slots=True)
class Round:
    """What the customer said back to an answer, when, and how long that took from the answer on."""

    text: str
    at: float
    after_s: float


async def brake(case: Case) -> tuple[HandoffRequest, str] | None:
    """Why people take over without a model, and what is said, once; ``None``: go on.

    Whoever gives the conversation back wants the assistant to go on: it is counted from there.
    """
    reason = _reason(case, case.visit.pace)
    if reason is not None:
        reason = _reason(case, await case.pace_since_given_back())
    if reason is None:
        return None
    team = case.team_of(case.sector)
    return HandoffRequest(team, reason, summary(case, _WHY[reason])), announcement(
        case, team, _SAID[reason]
    )


def _reason(case: Case, pace: Pace) -> AssistantStopReason | None:
    policy = case.visit.policy
    if 0 < policy.turns_per_hour < pace.turns:
        return AssistantStopReason.TURN_LIMIT
    if 0 < policy.cost_per_hour <= float(pace.cost):
        return AssistantStopReason.COST_LIMIT
    machine = policy.stop_machines and is_machine(list(rounds(pace.said)), _learned_at(case))
    return AssistantStopReason.BOT_LOOP if machine else None


def is_machine(said: Sequence[Round], learned_at: float) -> bool:
    """Whether the newest rounds are another machine's. ``learned_at``: when a tool found out
    something new for the last time; since then nothing has gone forward.
    """
    newest = said[-1].text if said else ""
    needed = SAME_SHORT_TEXT if len(newest) <= SHORT else SAME_TEXT
    same, fast = said[-needed:], said[-TOO_FAST:]
    if newest and len(same) == needed and len({each.text for each in same}) == 1:
        return learned_at < same[0].at
    return len(fast) == TOO_FAST and all(map(_too_fast, fast)) and learned_at < fast[0].at


def _too_fast(said: Round) -> bool:
    typed = len(said.text)
    return typed >= SHORTEST_TYPED and said.after_s < READS_S + typed / TYPED_PER_S


def rounds(said: Sequence[tuple[str, str, float]]) -> Iterator[Round]:
    """What came back to each answer, oldest first; several messages in a row are one."""
    answered_at, texts, at = -math.inf, list[str](), 0.0
    for author, text, moment in (*said, ("", "", 0.0)):
        if author == Author.CUSTOMER:
            at = at if texts else moment
            texts.append(text)
            continue
        if texts:
            yield Round(fold(" ".join(texts)), at, at - answered_at)
        answered_at, texts = moment, []


def _learned_at(case: Case) -> float:
    """Seconds; results that say what an earlier one said are nothing new."""
    seen: set[str] = set()
    learned_at = -math.inf
    for _, calls in case.visit.past:
        for call in calls:
            result = call.get("result") or {}
            told = json.dumps([call.get("tool"), result], sort_keys=True, default=str)
            if result.get("ok") and told not in seen:
                seen.add(told)
                learned_at = max(learned_at, moment_of(call))
    return learned_at


def moment_of(call: Mapping[str, Any]) -> float:
    """When the turn of a finished call began, in seconds; before all others where none is kept."""
    try:
        return datetime.fromisoformat(str(call.get("at"))).timestamp()
    except ValueError:
        return -math.inf
