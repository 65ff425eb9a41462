"""Columns of the rows about follow-ups and opt-outs that a step writes."""

from datetime import datetime
from typing import Any

from niochat.domain.conversation import effects as fx


def attempt_columns(attempt: fx.StoreFollowUpAttemptEffect, now: datetime) -> dict[str, Any]:
    """The outcome of an attempt that was ordered."""
    return {
        "conversation_id": attempt.conversation,
        "number": attempt.number,
        "round": attempt.round,
        "message_id": attempt.message,
        "reason": attempt.reason,
        "at": now,
    }


def opt_out_columns(opt_out: fx.OptOutEffect, now: datetime) -> dict[str, Any]:
    """When and in answer to what the thread's contact opted out."""
    return {"conversation_id": opt_out.conversation, "reason": opt_out.answered, "at": now}
