"""Handlers for the commands of agents, operators and the product: take over, reply, transfer,
resolve and so on.
"""

from datetime import timedelta

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.after_hours_service import stop_after_hours
from niochat.domain.conversation.handlers.inbound import open_conversation
from niochat.domain.conversation.handlers.outbound_messages import add_note, queue_messages
from niochat.domain.conversation.handlers.scheduling import cancel_turn, set_timer, start_idle_timer
from niochat.domain.conversation.handlers.transitions import hand_off
from niochat.domain.conversation.handlers.turns import schedule_turn
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import agent_action_cause, conversation_id
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind
from niochat.domain.rating.rating_handlers import end_rating, schedule_rating

MAX_SNOOZE = timedelta(days=365)
MAX_LABELS = 20
"""Labels of one conversation."""


def assign(builder: DecisionBuilder, command: cmd.AssignConversation) -> None:
    """An agent takes over. From this commit on, no assistant message starts to be sent."""
    if command.queue is not None and not _is_waiting_for_team(builder, command.queue):
        builder.add_effect(fx.NotifyAgentCapacityEffect(command.agent))
        return
    c = builder.require_unresolved()
    if c.status is ConversationStatus.OPEN and c.agent == command.agent:
        stop_after_hours(builder, "agent")
        return
    cancel_turn(builder, "takeover")
    builder.add_effect(fx.CancelAssistantSendsEffect())
    _leave_queue(builder)
    after_hours = not builder.context.staff.available
    builder.emit(e.ConversationAssigned(command.agent, command.queue, after_hours, command.by))


def return_to_assistant(
    builder: DecisionBuilder, command: cmd.ReturnConversationToAssistant
) -> None:
    """The assistant may answer again, starting with the unanswered messages."""
    c = builder.require_unresolved()
    if c.status is ConversationStatus.PENDING and c.assistant_may_reply(builder.context.now):
        return
    if not builder.context.policy.assistant_answers:
        raise OperationRefusedError(
            "The tenant is suspended or its assistant is disabled. An agent has to answer.",
            code="assistant_unavailable",
        )
    _leave_queue(builder)
    builder.emit(e.ConversationReturnedToAssistant(command.by))
    if builder.conversation.unanswered:
        schedule_turn(builder)
    elif builder.conversation.turn is None:
        start_idle_timer(builder)


def hand_off_to_team(builder: DecisionBuilder, command: cmd.HandOffConversation) -> None:
    """An operator hands the conversation to people. If people hold it already, nothing changes."""
    if builder.require_unresolved().status is ConversationStatus.PENDING:
        hand_off(builder, "operator", command.team)


def reply_to_customer(builder: DecisionBuilder, command: cmd.ReplyToCustomer) -> None:
    """An agent answers. Raises ``OperationRefusedError`` unless an agent has the conversation."""
    c = builder.require_unresolved()
    if c.status is not ConversationStatus.OPEN:
        raise OperationRefusedError("Take over the conversation first.", code="not_taken_over")
    stop_after_hours(builder, "agent")
    if command.again is not None:
        failed = DeliveryStatus.FAILED
        builder.emit(e.MessageStatusChanged(command.again, failed, "said_again"))
        builder.add_effect(fx.UpdateMessageEffect(command.again, code="said_again"))
    cause = agent_action_cause(c.id, builder.context.cause)
    queue_messages(builder, Author.AGENT, cause, _reply_content(command), reply_to=command.reply_to)


def start_conversation(builder: DecisionBuilder, command: cmd.StartConversation) -> None:
    """Opens a conversation that the agent holds, with the agent's first message. The assistant does
    not get it. Raises ``OperationRefusedError`` if one is open (``conversation_open``) or the
    contact is blocked (``contact_blocked``).
    """
    if builder.active is not None:
        raise OperationRefusedError(
            "A conversation with this customer is open. Continue it.", code="conversation_open"
        )
    if builder.context.contact_blocked:
        raise OperationRefusedError(
            "The contact is blocked. Unblock it first.", code="contact_blocked"
        )
    builder.start_new()
    opened = conversation_id(builder.context.thread, builder.context.cause)
    builder.emit(e.ConversationOpened(opened, builder.context.protocol))
    after_hours = not builder.context.staff.available
    builder.emit(e.ConversationAssigned(command.agent, None, after_hours, command.agent))
    cause = agent_action_cause(opened, builder.context.cause)
    queue_messages(builder, Author.AGENT, cause, _reply_content(command))


def _reply_content(command: cmd.ReplyToCustomer | cmd.StartConversation) -> MessageContent:
    details: dict[str, object] = {"agent": command.agent}
    file = command.file
    if file is None:
        return MessageContent(MessageKind.TEXT, command.text, details)
    return MessageContent(file.kind, command.text, details | _file_details(file))


def _file_details(file: cmd.AttachedFile) -> dict[str, object]:
    return {
        "attachment": file.id,
        "filename": file.filename,
        "mimetype": file.mimetype,
        "length": file.size,
    }


def add_agent_note(builder: DecisionBuilder, command: cmd.AddNote) -> None:
    """Adds an agent's internal note, whoever holds the conversation."""
    c = builder.require_unresolved()
    details: dict[str, object] = {"agent": command.agent, "mentions": list(command.mentions)}
    if command.file is not None:
        details |= _file_details(command.file) | {"file_kind": command.file.kind.value}
    cause = agent_action_cause(c.id, builder.context.cause)
    add_note(builder, cause, command.text, Author.AGENT, details)


def transfer(builder: DecisionBuilder, command: cmd.TransferConversation) -> None:
    """Transfers the conversation to a team's queue or to another agent."""
    if command.left_by is not None and not _is_left_waiting(builder, command.left_by):
        return
    c = builder.require_unresolved()
    cancel_turn(builder, "takeover")
    builder.add_effect(fx.CancelAssistantSendsEffect())
    _leave_queue(builder)
    reason = "offline" if command.left_by is not None else ""
    builder.emit(e.ConversationTransferred(command.by, command.team, command.agent, reason))
    cause = agent_action_cause(c.id, builder.context.cause)
    add_note(builder, cause, command.note, Author.AGENT, {"agent": command.by})
    team = builder.conversation.team
    if command.agent is None and team is not None:
        builder.add_effect(fx.NotifyTeamQueueEffect(team, waiting=True))


def resolve(builder: DecisionBuilder, command: cmd.ResolveConversation) -> None:
    """Ends the conversation; the customer's next message opens a new one."""
    builder.require_unresolved()
    cancel_turn(builder, "resolved")
    builder.add_effect(fx.CancelAssistantSendsEffect())
    _leave_queue(builder)
    builder.emit(e.ConversationResolved(command.by))
    schedule_rating(builder)


def snooze(builder: DecisionBuilder, command: cmd.SnoozeConversation) -> None:
    """Snoozes the conversation. Raises ``OperationRefusedError`` while the assistant has it: it
    would then stop answering.
    """
    c, now = builder.require_unresolved(), builder.context.now
    if c.status is ConversationStatus.PENDING:
        raise OperationRefusedError("Take over the conversation first.", code="not_taken_over")
    if not now < command.until <= now + MAX_SNOOZE:
        raise OperationRefusedError(
            f"until must be within the next {MAX_SNOOZE.days} days.", code="bad_moment"
        )
    stop_after_hours(builder, "agent")
    _leave_queue(builder)
    builder.emit(e.ConversationSnoozed(command.by, command.until))
    set_timer(builder, TimerName.SNOOZE, command.until)


def set_priority(builder: DecisionBuilder, command: cmd.SetConversationPriority) -> None:
    """Sets the priority and notifies the queue, whose order depends on it."""
    c = builder.require_unresolved()
    if c.priority is command.priority:
        return
    builder.emit(e.PriorityChanged(command.by, command.priority))
    if c.team is not None and c.status is ConversationStatus.WAITING:
        builder.add_effect(fx.NotifyTeamQueueEffect(c.team, waiting=True))


def set_labels(builder: DecisionBuilder, command: cmd.SetConversationLabels) -> None:
    """Replaces the labels."""
    labels = tuple(sorted(set(command.labels)))
    if builder.require_unresolved().labels != labels:
        builder.emit(e.LabelsChanged(command.by, labels))


def change_labels(builder: DecisionBuilder, command: cmd.ChangeConversationLabels) -> None:
    """Adds and removes labels. Raises ``OperationRefusedError`` if they become too many."""
    before = builder.require_unresolved().labels
    after = tuple(sorted((set(before) - set(command.remove)) | set(command.add)))
    if len(after) > max(MAX_LABELS, len(before)):
        raise OperationRefusedError(
            f"A conversation has at most {MAX_LABELS} labels.", code="too_many_labels"
        )
    if before != after:
        builder.emit(e.LabelsChanged(command.by, after))


def reopen(builder: DecisionBuilder, command: cmd.ReopenConversation) -> None:
    """Resumes a resolved conversation with the agent who reopened it."""
    c = builder.current
    if c is None or c.id != command.conversation:
        raise OperationRefusedError(
            "Another conversation with this customer is open.", code="another_is_open"
        )
    if c.status is ConversationStatus.RESOLVED:
        end_rating(builder, "reopened")
        builder.emit(e.ConversationReopened(command.by))


def suspend_assistant(builder: DecisionBuilder) -> None:
    """The tenant was suspended: the assistant's conversation goes to its team's queue."""
    c = builder.current
    if c is not None and c.status is ConversationStatus.PENDING:
        hand_off(builder, "tenant_suspended")
    else:
        stop_after_hours(builder, "switched_off")


def dead_letter(builder: DecisionBuilder, command: cmd.DeadLetterCommand) -> None:
    """Records a command that cannot be processed and hands the conversation to people."""
    if builder.active is None:
        if not command.opens:
            return
        open_conversation(builder)
    builder.emit(e.CommandDeadLettered(command.inbox_id, command.code))
    if builder.conversation.status is ConversationStatus.PENDING:
        hand_off(builder, "command_parked")


def _is_waiting_for_team(builder: DecisionBuilder, team: str) -> bool:
    """Whether the conversation is still in the team's queue. If it waits for another team by now,
    that team's queue skipped it while this team had it reserved, so it is notified again.
    """
    c = builder.current
    if c is None or c.status is not ConversationStatus.WAITING:
        return False
    if c.team is not None and c.team != team:
        builder.add_effect(fx.NotifyTeamQueueEffect(c.team, waiting=True))
    return c.team == team


def _is_left_waiting(builder: DecisionBuilder, agent: str) -> bool:
    c = builder.current
    return c is not None and c.status is ConversationStatus.OPEN and c.agent == agent and c.waits


def _leave_queue(builder: DecisionBuilder) -> None:
    c = builder.conversation
    if c.team is not None and c.status is ConversationStatus.WAITING:
        builder.add_effect(fx.NotifyTeamQueueEffect(c.team, waiting=False))
