"""When a conversation goes round: another machine at the other end, too many turns, too dear.

All of it is read from rows, so that no restart makes it begin anew.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from niochat.assistant.conversation_background import ConversationActivity
from niochat.assistant.handoff.handoff_messages import format_handoff_notice, format_handoff_summary
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import TurnContext
from niochat.domain.conversation.commands import HandoffRequest
from niochat.domain.conversation.state import AssistantStopReason
from niochat.domain.message import Author

MIN_SAME_TEXTS, MIN_SAME_SHORT_TEXTS = 3, 5
"""So often the same text back, after each answer, is no person's; a person may well say yes
thrice.
"""
MAX_SHORT_TEXT_CHARS = 15
"""Characters up to which a text is short."""
MIN_FAST_REPLIES = 8
"""Answers in a row that come faster than anybody reads and types."""
MIN_TYPED_CHARS = 10
"""Characters from which the time for typing tells something."""
MAX_TYPED_CHARS_PER_S, MIN_READING_S = 20.0, 0.3
"""Nobody types faster on a phone, nor begins sooner."""

_REASONS = {
    AssistantStopReason.BOT_LOOP: "As mensagens se repetem como as de um atendimento automático.",
    AssistantStopReason.TURN_LIMIT: "A conversa passou do limite de respostas do assistente em "
    "uma hora.",
    AssistantStopReason.COST_LIMIT: "A conversa passou do limite de custo do assistente em uma "
    "hora.",
}
_NOTICES = {
    AssistantStopReason.BOT_LOOP: (
        "Recebi mensagens que parecem automáticas, por isso paro de responder aqui."
    ),
    AssistantStopReason.TURN_LIMIT: "Já conversamos bastante e não consegui concluir por aqui.",
    AssistantStopReason.COST_LIMIT: "Já conversamos bastante e não consegui concluir por aqui.",
}


@dataclass(frozen=True, slots=True)
class CustomerReply:
    """What the customer said back to an answer, when, and how long that took from the answer on."""

    text: str
    at: float
    delay_s: float


async def find_loop_handoff(context: TurnContext) -> tuple[HandoffRequest, str] | None:
    """Why people take over without a model, and what is said, once; ``None``: go on.

    Whoever gives the conversation back wants the assistant to go on: it is counted from there.
    """
    reason = _find_brake(context, context.snapshot.activity)
    if reason is not None:
        reason = _find_brake(context, await context.load_activity_since_return())
    if reason is None:
        return None
    team = context.team_for_department(context.department)
    return HandoffRequest(
        team, reason, format_handoff_summary(context, _REASONS[reason])
    ), format_handoff_notice(context, team, _NOTICES[reason])


def _find_brake(context: TurnContext, pace: ConversationActivity) -> AssistantStopReason | None:
    policy = context.snapshot.policy
    if 0 < policy.turns_per_hour < pace.turns:
        return AssistantStopReason.TURN_LIMIT
    if 0 < policy.cost_per_hour <= float(pace.cost):
        return AssistantStopReason.COST_LIMIT
    machine = policy.stop_machines and is_automated(
        list(group_replies(pace.messages)), _last_progress_at(context)
    )
    return AssistantStopReason.BOT_LOOP if machine else None


def is_automated(replies: Sequence[CustomerReply], last_progress_at: float) -> bool:
    """Whether the newest rounds are another machine's. ``learned_at``: when a tool found out
    something new for the last time; since then nothing has gone forward.
    """
    newest = replies[-1].text if replies else ""
    needed = MIN_SAME_SHORT_TEXTS if len(newest) <= MAX_SHORT_TEXT_CHARS else MIN_SAME_TEXTS
    same, fast = replies[-needed:], replies[-MIN_FAST_REPLIES:]
    if newest and len(same) == needed and len({each.text for each in same}) == 1:
        return last_progress_at < same[0].at
    return (
        len(fast) == MIN_FAST_REPLIES
        and all(map(_is_too_fast, fast))
        and last_progress_at < fast[0].at
    )


def _is_too_fast(said: CustomerReply) -> bool:
    typed = len(said.text)
    return typed >= MIN_TYPED_CHARS and said.delay_s < MIN_READING_S + typed / MAX_TYPED_CHARS_PER_S


def group_replies(messages: Sequence[tuple[str, str, float]]) -> Iterator[CustomerReply]:
    """What came back to each answer, oldest first; several messages in a row are one."""
    answered_at, texts, at = -math.inf, list[str](), 0.0
    for author, text, moment in (*messages, ("", "", 0.0)):
        if author == Author.CUSTOMER:
            at = at if texts else moment
            texts.append(text)
            continue
        if texts:
            yield CustomerReply(fold(" ".join(texts)), at, at - answered_at)
        answered_at, texts = moment, []


def _last_progress_at(context: TurnContext) -> float:
    """Seconds; results that say what an earlier one said are nothing new."""
    seen: set[str] = set()
    learned_at = -math.inf
    for _, calls in context.snapshot.past_turns:
        for call in calls:
            result = call.get("result") or {}
            told = json.dumps([call.get("tool"), result], sort_keys=True, default=str)
            if result.get("ok") and told not in seen:
                seen.add(told)
                learned_at = max(learned_at, call_timestamp(call))
    return learned_at


def call_timestamp(call: Mapping[str, Any]) -> float:
    """When the turn of a finished call began, in seconds; before all others where none is kept."""
    try:
        return datetime.fromisoformat(str(call.get("at"))).timestamp()
    except ValueError:
        return -math.inf
