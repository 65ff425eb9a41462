"""What people and the product do with a conversation: take over, answer, pass on, resolve."""

from datetime import timedelta

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.after_hours_service import stop_after_hours
from niochat.domain.conversation.handlers.inbound import open_conversation
from niochat.domain.conversation.handlers.outbound import add_note, queue_messages
from niochat.domain.conversation.handlers.scheduling import cancel_turn, set_timer
from niochat.domain.conversation.handlers.turns import hand_off, schedule_turn, start_idle_timer
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import agent_action_cause
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind

MAX_SNOOZE = timedelta(days=365)


def assign(draft: DecisionBuilder, command: cmd.AssignConversation) -> None:
    """A human takes over: from this commit on no assistant message starts to leave."""
    if command.queue is not None and not _is_waiting_for_team(draft, command.queue):
        draft.add_effect(fx.NotifyAgentCapacity(command.agent))
        return
    c = draft.require_unresolved()
    if c.status is ConversationStatus.OPEN and c.agent == command.agent:
        stop_after_hours(draft, "agent")
        return
    cancel_turn(draft, "takeover")
    draft.add_effect(fx.CancelAssistantSends())
    _leave_queue(draft)
    after_hours = not draft.context.staff.available
    draft.emit(e.ConversationAssigned(command.agent, command.queue, after_hours))


def return_to_assistant(draft: DecisionBuilder, command: cmd.ReturnConversationToAssistant) -> None:
    """The assistant may answer again, beginning with what nobody answered yet."""
    c = draft.require_unresolved()
    if c.status is ConversationStatus.PENDING and c.assistant_may_reply(draft.context.now):
        return
    if not draft.context.policy.assistant_answers:
        raise OperationRefusedError(
            "The tenant is suspended or its assistant is disabled. An agent has to answer.",
            code="assistant_unavailable",
        )
    _leave_queue(draft)
    draft.emit(e.ConversationReturnedToAssistant(command.by))
    if draft.conversation.unanswered:
        schedule_turn(draft)
    elif draft.conversation.turn is None:
        start_idle_timer(draft)


def hand_off_to_team(draft: DecisionBuilder, command: cmd.HandOffConversation) -> None:
    """An operator calls people; who is with people already stays there, whatever team was named."""
    if draft.require_unresolved().status is ConversationStatus.PENDING:
        hand_off(draft, "operator", command.team)


def reply_to_customer(draft: DecisionBuilder, command: cmd.ReplyToCustomer) -> None:
    """A human says something; only where people have the conversation."""
    c = draft.require_unresolved()
    if c.status is not ConversationStatus.OPEN:
        raise OperationRefusedError("Take over the conversation first.", code="not_taken_over")
    stop_after_hours(draft, "agent")
    if command.again is not None:
        failed = DeliveryStatus.FAILED
        draft.emit(e.MessageStatusChanged(command.again, failed, "said_again"))
        draft.add_effect(fx.UpdateMessage(command.again, code="said_again"))
    cause = agent_action_cause(c.id, draft.context.cause)
    queue_messages(draft, Author.AGENT, cause, _reply_content(command), reply_to=command.reply_to)


def _reply_content(command: cmd.ReplyToCustomer) -> MessageContent:
    details: dict[str, object] = {"agent": command.agent}
    file = command.file
    if file is None:
        return MessageContent(MessageKind.TEXT, command.text, details)
    details |= {
        "attachment": file.id,
        "filename": file.filename,
        "mimetype": file.mimetype,
        "length": file.size,
    }
    return MessageContent(file.kind, command.text, details)


def add_agent_note(draft: DecisionBuilder, command: cmd.AddNote) -> None:
    """For people of the provider, whoever has the conversation."""
    c = draft.require_unresolved()
    details = {"agent": command.agent, "mentions": list(command.mentions)}
    cause = agent_action_cause(c.id, draft.context.cause)
    add_note(draft, cause, command.text, Author.AGENT, details)


def transfer(draft: DecisionBuilder, command: cmd.TransferConversation) -> None:
    """From people, or the assistant, to a team's queue or to another agent."""
    if command.left_by is not None and not _is_left_waiting(draft, command.left_by):
        return
    c = draft.require_unresolved()
    cancel_turn(draft, "takeover")
    draft.add_effect(fx.CancelAssistantSends())
    _leave_queue(draft)
    reason = "offline" if command.left_by is not None else ""
    draft.emit(e.ConversationTransferred(command.by, command.team, command.agent, reason))
    cause = agent_action_cause(c.id, draft.context.cause)
    add_note(draft, cause, command.note, Author.AGENT, {"agent": command.by})
    team = draft.conversation.team
    if command.agent is None and team is not None:
        draft.add_effect(fx.NotifyTeamQueue(team, waiting=True))


def resolve(draft: DecisionBuilder, command: cmd.ResolveConversation) -> None:
    """The visit is over; the next message of the customer opens another one."""
    draft.require_unresolved()
    cancel_turn(draft, "resolved")
    draft.add_effect(fx.CancelAssistantSends())
    _leave_queue(draft)
    draft.emit(e.ConversationResolved(command.by))


def snooze(draft: DecisionBuilder, command: cmd.SnoozeConversation) -> None:
    """Put off; only where people have it, or it would be hidden from the assistant."""
    c, now = draft.require_unresolved(), draft.context.now
    if c.status is ConversationStatus.PENDING:
        raise OperationRefusedError("Take over the conversation first.", code="not_taken_over")
    if not now < command.until <= now + MAX_SNOOZE:
        raise OperationRefusedError(
            f"until must be within the next {MAX_SNOOZE.days} days.", code="bad_moment"
        )
    stop_after_hours(draft, "agent")
    _leave_queue(draft)
    draft.emit(e.ConversationSnoozed(command.by, command.until))
    set_timer(draft, TimerName.SNOOZE, command.until)


def set_priority(draft: DecisionBuilder, command: cmd.SetConversationPriority) -> None:
    """How urgent it is; a queue is told, as its order changes."""
    c = draft.require_unresolved()
    if c.priority is command.priority:
        return
    draft.emit(e.PriorityChanged(command.by, command.priority))
    if c.team is not None and c.status is ConversationStatus.WAITING:
        draft.add_effect(fx.NotifyTeamQueue(c.team, waiting=True))


def set_labels(draft: DecisionBuilder, command: cmd.SetConversationLabels) -> None:
    """Another set of labels."""
    labels = tuple(sorted(set(command.labels)))
    if draft.require_unresolved().labels != labels:
        draft.emit(e.LabelsChanged(command.by, labels))


def reopen(draft: DecisionBuilder, command: cmd.ReopenConversation) -> None:
    """The visit goes on, with the one who reopened it."""
    c = draft.current
    if c is None or c.id != command.conversation:
        raise OperationRefusedError(
            "Another conversation with this customer is open.", code="another_is_open"
        )
    if c.status is ConversationStatus.RESOLVED:
        draft.emit(e.ConversationReopened(command.by))


def suspend_assistant(draft: DecisionBuilder) -> None:
    """The tenant was suspended: what the assistant holds waits for people."""
    c = draft.current
    if c is not None and c.status is ConversationStatus.PENDING:
        hand_off(draft, "tenant_suspended")
    else:
        stop_after_hours(draft, "switched_off")


def dead_letter(draft: DecisionBuilder, command: cmd.DeadLetterCommand) -> None:
    """A command that cannot be processed is set aside, and people are called."""
    if draft.current is None or draft.current.status is ConversationStatus.RESOLVED:
        if not command.opens:
            return
        open_conversation(draft)
    draft.emit(e.CommandDeadLettered(command.inbox_id, command.code))
    if draft.conversation.status is ConversationStatus.PENDING:
        hand_off(draft, "command_parked")


def _is_waiting_for_team(draft: DecisionBuilder, team: str) -> bool:
    """Whether it is still in the team's queue. What waits for another team by now was left alone
    there while this one had it reserved: that team is told again.
    """
    c = draft.current
    if c is None or c.status is not ConversationStatus.WAITING:
        return False
    if c.team is not None and c.team != team:
        draft.add_effect(fx.NotifyTeamQueue(c.team, waiting=True))
    return c.team == team


def _is_left_waiting(draft: DecisionBuilder, agent: str) -> bool:
    c = draft.current
    return c is not None and c.status is ConversationStatus.OPEN and c.agent == agent and c.waits


def _leave_queue(draft: DecisionBuilder) -> None:
    c = draft.conversation
    if c.team is not None and c.status is ConversationStatus.WAITING:
        draft.add_effect(fx.NotifyTeamQueue(c.team, waiting=False))
