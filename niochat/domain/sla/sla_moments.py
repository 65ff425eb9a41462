"""Handles what the watcher of SLA clocks reports."""

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.sla.sla_events import SlaBreached, SlaWarned


def record_sla_moment(builder: DecisionBuilder, command: cmd.RecordSlaMoment) -> None:
    """Records a warning or a breach in the log, unless the conversation is resolved by now. The
    watcher has compared the times with the log and stores each command once.
    """
    c = builder.active
    if c is None or c.id != command.conversation:
        return
    event = SlaBreached if command.breached else SlaWarned
    builder.emit(event(command.promise, command.number, command.policy, command.due_at))
