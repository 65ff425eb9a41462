"""Which roll-ups a batch of events changes. Most change only the sums of conversations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from niochat.domain.insights.conversation_measures import ConversationMeasures


@dataclass(frozen=True, slots=True)
class StoredMeasures:
    """The row of a conversation before the batch."""

    thread_id: UUID
    returned_at: datetime | None
    measures: ConversationMeasures


@dataclass(frozen=True, slots=True)
class SumChanges:
    """Conversations whose answers of people or whose durations count elsewhere or otherwise, and
    threads in which a customer may have come back.
    """

    answers: Sequence[UUID]
    durations: Sequence[UUID]
    threads: Sequence[UUID]


def find_sum_changes(
    stored: Mapping[UUID, StoredMeasures],
    measures: Mapping[UUID, ConversationMeasures],
    threads: Mapping[UUID, UUID],
    answered: Collection[UUID],
) -> SumChanges:
    """Returns what changes from ``stored`` to ``measures``. People answered in ``answered``."""
    answers, durations, returned = [], [], set()
    for id, after in measures.items():
        row = stored.get(id)
        before = None if row is None else row.measures
        moved = row is None or row.thread_id != threads[id]
        if id in answered or (before is not None and before.merged != after.merged):
            answers.append(id)
        if before is None or moved or _durations(before) != _durations(after):
            durations.append(id)
        if before is None or moved or _ending(before) != _ending(after):
            returned.add(threads[id])
            if row is not None:
                returned.add(row.thread_id)
    return SumChanges(answers, durations, sorted(returned))


def _durations(m: ConversationMeasures) -> tuple[object, ...]:
    """The durations with quantiles, and all by which they are grouped. The phases of a resolved
    conversation do not grow.
    """
    return (
        *(m.first_answer, m.first_human_answer, m.resolved_at, m.merged),
        *(m.team, m.agent, m.labels, m.handoff_reasons, m.contact_reasons, m.people_held),
        None if m.resolved_at is None else m.phase_times,
    )


def _ending(m: ConversationMeasures) -> tuple[object, ...]:
    return m.solved_by_assistant, m.resolved_at
