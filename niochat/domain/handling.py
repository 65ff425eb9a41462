"""What people and the product do with a conversation: take over, answer, pass on, resolve."""

from datetime import timedelta

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.after_hours import stop_serving
from niochat.domain.conversation import Status, Timer
from niochat.domain.draft import Draft
from niochat.domain.errors import Refused
from niochat.domain.ids import person_cause
from niochat.domain.message import Author, Content, DeliveryStatus, Kind
from niochat.domain.receiving import open_conversation
from niochat.domain.replying import expect_customer, hand_off, wake_assistant
from niochat.domain.saying import leave_note, say
from niochat.domain.under_way import cancel_turn, set_timer

LONGEST_SNOOZE = timedelta(days=365)


def assign(draft: Draft, command: cmd.AssignConversation) -> None:
    """A human takes over: from this commit on no assistant message starts to leave."""
    if command.queue is not None and not _waits_for(draft, command.queue):
        draft.also(fx.FreeSlot(command.agent))
        return
    c = draft.ongoing()
    if c.status is Status.OPEN and c.agent == command.agent:
        stop_serving(draft, "agent")
        return
    cancel_turn(draft, "takeover")
    draft.also(fx.CancelReplies())
    _leave_queue(draft)
    after_hours = not draft.context.people.there
    draft.emit(e.ConversationAssigned(command.agent, command.queue, after_hours))


def give_back(draft: Draft, command: cmd.GiveBackConversation) -> None:
    """The assistant may answer again, beginning with what nobody answered yet."""
    c = draft.ongoing()
    if c.status is Status.PENDING and c.assistant_may_reply(draft.context.now):
        return
    if not draft.context.policy.assistant_answers:
        raise Refused(
            "The tenant is suspended or its assistant is disabled. An agent has to answer.",
            code="assistant_unavailable",
        )
    _leave_queue(draft)
    draft.emit(e.ConversationGivenBack(command.by))
    if draft.conversation.unanswered:
        wake_assistant(draft)
    elif draft.conversation.turn is None:
        expect_customer(draft)


def hand_over(draft: Draft, command: cmd.HandOverConversation) -> None:
    """An operator calls people; who is with people already stays there, whatever team was named."""
    if draft.ongoing().status is Status.PENDING:
        hand_off(draft, "operator", command.team)


def reply(draft: Draft, command: cmd.ReplyToCustomer) -> None:
    """A human says something; only where people have the conversation."""
    c = draft.ongoing()
    if c.status is not Status.OPEN:
        raise Refused("Take over the conversation first.", code="not_taken_over")
    stop_serving(draft, "agent")
    if command.again is not None:
        failed = DeliveryStatus.FAILED
        draft.emit(e.MessageStatusChanged(command.again, failed, "said_again"))
        draft.also(fx.ChangeMessage(command.again, code="said_again"))
    cause = person_cause(c.id, draft.context.cause)
    say(draft, Author.AGENT, cause, _said(command), reply_to=command.reply_to)


def _said(command: cmd.ReplyToCustomer) -> Content:
    details: dict[str, object] = {"agent": command.agent}
    file = command.file
    if file is None:
        return Content(Kind.TEXT, command.text, details)
    details |= {
        "attachment": file.id, "filename": file.filename, "mimetype": file.mimetype,
        "length": file.size,
    }  # fmt: skip
    return Content(file.kind, command.text, details)


def note(draft: Draft, command: cmd.LeaveNote) -> None:
    """For people of the provider, whoever has the conversation."""
    c = draft.ongoing()
    details = {"agent": command.agent, "mentions": list(command.mentions)}
    cause = person_cause(c.id, draft.context.cause)
    leave_note(draft, cause, command.text, Author.AGENT, details)


def transfer(draft: Draft, command: cmd.TransferConversation) -> None:
    """From people, or the assistant, to a team's queue or to another agent."""
    if command.left_by is not None and not _left_waiting(draft, command.left_by):
        return
    c = draft.ongoing()
    cancel_turn(draft, "takeover")
    draft.also(fx.CancelReplies())
    _leave_queue(draft)
    reason = "offline" if command.left_by is not None else ""
    draft.emit(e.ConversationTransferred(command.by, command.team, command.agent, reason))
    cause = person_cause(c.id, draft.context.cause)
    leave_note(draft, cause, command.note, Author.AGENT, {"agent": command.by})
    team = draft.conversation.team
    if command.agent is None and team is not None:
        draft.also(fx.TellTeam(team, waiting=True))


def resolve(draft: Draft, command: cmd.ResolveConversation) -> None:
    """The visit is over; the next message of the customer opens another one."""
    draft.ongoing()
    cancel_turn(draft, "resolved")
    draft.also(fx.CancelReplies())
    _leave_queue(draft)
    draft.emit(e.ConversationResolved(command.by))


def snooze(draft: Draft, command: cmd.SnoozeConversation) -> None:
    """Put off; only where people have it, or it would be hidden from the assistant."""
    c, now = draft.ongoing(), draft.context.now
    if c.status is Status.PENDING:
        raise Refused("Take over the conversation first.", code="not_taken_over")
    if not now < command.until <= now + LONGEST_SNOOZE:
        raise Refused(f"until must be within the next {LONGEST_SNOOZE.days} days.", code="bad_moment")
    stop_serving(draft, "agent")
    _leave_queue(draft)
    draft.emit(e.ConversationSnoozed(command.by, command.until))
    set_timer(draft, Timer.SNOOZE, command.until)


def prioritise(draft: Draft, command: cmd.PrioritiseConversation) -> None:
    """How urgent it is; a queue is told, as its order changes."""
    c = draft.ongoing()
    if c.priority is command.priority:
        return
    draft.emit(e.PriorityChanged(command.by, command.priority))
    if c.team is not None and c.status is Status.WAITING:
        draft.also(fx.TellTeam(c.team, waiting=True))


def label(draft: Draft, command: cmd.LabelConversation) -> None:
    """Another set of labels."""
    labels = tuple(sorted(set(command.labels)))
    if draft.ongoing().labels != labels:
        draft.emit(e.LabelsChanged(command.by, labels))


def reopen(draft: Draft, command: cmd.ReopenConversation) -> None:
    """The visit goes on, with the one who reopened it."""
    c = draft.live
    if c is None or c.id != command.conversation:
        raise Refused("Another conversation with this customer is open.", code="another_is_open")
    if c.status is Status.RESOLVED:
        draft.emit(e.ConversationReopened(command.by))


def suspend_assistant(draft: Draft) -> None:
    """The tenant was suspended: what the assistant holds waits for people."""
    c = draft.live
    if c is not None and c.status is Status.PENDING:
        hand_off(draft, "tenant_suspended")
    else:
        stop_serving(draft, "switched_off")


def park(draft: Draft, command: cmd.ParkCommand) -> None:
    """A command that cannot be processed is set aside, and people are called."""
    if draft.live is None or draft.live.status is Status.RESOLVED:
        if not command.opens:
            return
        open_conversation(draft)
    draft.emit(e.CommandParked(command.inbox_id, command.code))
    if draft.conversation.status is Status.PENDING:
        hand_off(draft, "command_parked")


def _waits_for(draft: Draft, team: str) -> bool:
    """Whether it is still in the team's queue. What waits for another team by now was left alone
    there while this one had it reserved: that team is told again.
    """
    c = draft.live
    if c is None or c.status is not Status.WAITING:
        return False
    if c.team is not None and c.team != team:
        draft.also(fx.TellTeam(c.team, waiting=True))
    return c.team == team


def _left_waiting(draft: Draft, agent: str) -> bool:
    c = draft.live
    return c is not None and c.status is Status.OPEN and c.agent == agent and c.waits


def _leave_queue(draft: Draft) -> None:
    c = draft.conversation
    if c.team is not None and c.status is Status.WAITING:
        draft.also(fx.TellTeam(c.team, waiting=False))
