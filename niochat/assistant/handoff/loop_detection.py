"""Detect a conversation that must stop: an automated customer, too many turns or too high a cost.

Everything is read from stored rows, so that a restart does not reset the counts.
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
"""The same text, repeated this often after our answers, comes from a machine. Short texts need more
repetitions, because a person may well answer "sim" three times.
"""
MAX_SHORT_TEXT_CHARS = 15
"""The length up to which a text is short."""
MIN_FAST_REPLIES = 8
"""The number of consecutive answers that must come faster than a person can read and type."""
MIN_TYPED_CHARS = 10
"""The length from which the typing time of a text is meaningful."""
MAX_TYPED_CHARS_PER_S, MIN_READING_S = 20.0, 0.3
"""The typing speed and the reading time that no person on a phone beats."""

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
class TimedCustomerMessage:
    """A customer's answer: its text, its time (seconds since the epoch) and its delay
    in seconds.
    """

    text: str
    at: float
    delay_s: float


async def find_loop_handoff(context: TurnContext) -> tuple[HandoffRequest, str] | None:
    """Return the handoff and the notice if the conversation must stop; ``None``: continue.

    If an agent returned the conversation to the assistant, only the activity since then counts.
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


def _find_brake(context: TurnContext, activity: ConversationActivity) -> AssistantStopReason | None:
    policy = context.snapshot.policy
    if 0 < policy.turns_per_hour < activity.turns:
        return AssistantStopReason.TURN_LIMIT
    if 0 < policy.cost_per_hour <= float(activity.cost):
        return AssistantStopReason.COST_LIMIT
    automated = policy.stop_machines and is_automated(
        list(group_replies(activity.messages)), _last_progress_at(context)
    )
    return AssistantStopReason.BOT_LOOP if automated else None


def is_automated(replies: Sequence[TimedCustomerMessage], last_progress_at: float) -> bool:
    """Whether the newest replies come from a machine.

    ``last_progress_at``: when a tool last returned something new, in seconds since the epoch.
    Repeated or fast replies only count if none of them is older.
    """
    newest = replies[-1].text if replies else ""
    needed = MIN_SAME_SHORT_TEXTS if len(newest) <= MAX_SHORT_TEXT_CHARS else MIN_SAME_TEXTS
    newest_replies, last_replies = replies[-needed:], replies[-MIN_FAST_REPLIES:]
    if (
        newest
        and len(newest_replies) == needed
        and len({each.text for each in newest_replies}) == 1
    ):
        return last_progress_at < newest_replies[0].at
    return (
        len(last_replies) == MIN_FAST_REPLIES
        and all(map(_is_too_fast, last_replies))
        and last_progress_at < last_replies[0].at
    )


def _is_too_fast(reply: TimedCustomerMessage) -> bool:
    length = len(reply.text)
    return (
        length >= MIN_TYPED_CHARS and reply.delay_s < MIN_READING_S + length / MAX_TYPED_CHARS_PER_S
    )


def group_replies(messages: Sequence[tuple[str, str, float]]) -> Iterator[TimedCustomerMessage]:
    """The customer's reply to each of our answers, oldest first; consecutive messages
    are joined.
    """
    answered_at, texts, received_at = -math.inf, list[str](), 0.0
    for author, text, timestamp in (*messages, ("", "", 0.0)):
        if author == Author.CUSTOMER:
            received_at = received_at if texts else timestamp
            texts.append(text)
            continue
        if texts:
            yield TimedCustomerMessage(
                fold(" ".join(texts)), received_at, received_at - answered_at
            )
        answered_at, texts = timestamp, []


def _last_progress_at(context: TurnContext) -> float:
    """When a tool last returned a result that no earlier call had returned, in seconds."""
    seen: set[str] = set()
    learned_at = -math.inf
    for _, calls in context.snapshot.past_turns:
        for call in calls:
            result = call.get("result") or {}
            fingerprint = json.dumps([call.get("tool"), result], sort_keys=True, default=str)
            if result.get("ok") and fingerprint not in seen:
                seen.add(fingerprint)
                learned_at = max(learned_at, call_timestamp(call))
    return learned_at


def call_timestamp(call: Mapping[str, Any]) -> float:
    """When the turn of a stored call began, in seconds; minus infinity if no time is stored."""
    try:
        return datetime.fromisoformat(str(call.get("at"))).timestamp()
    except ValueError:
        return -math.inf
