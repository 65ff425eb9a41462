"""A simulated conversation whose events are measured as they happen."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from niochat.domain.business_hours import BusinessShift
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import Decision
from niochat.domain.ids import ConversationId
from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.conversation_measures import ConversationMeasures, HumanAnswer
from niochat.domain.insights.measure_fold import MeasuredEvent, fold_event
from tests.domain.conversation_simulator import ConversationSimulator

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
WEEKDAYS = BusinessCalendar(SAO_PAULO, (BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),))


class MeasuredConversation:
    """Decides commands and folds their events; ``seconds`` is the time since the start."""

    def __init__(
        self,
        calendar: BusinessCalendar = WEEKDAYS,
        start: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC),
    ) -> None:
        self.talk = ConversationSimulator()
        self.talk.now = start
        self.calendar = calendar
        self.by_id: dict[ConversationId, ConversationMeasures] = {}
        self.answers: list[HumanAnswer] = []
        self.events: list[MeasuredEvent] = []

    def wait(self, seconds: float = 0, minutes: float = 0) -> "MeasuredConversation":
        self.talk.advance_clock(seconds + 60 * minutes)
        return self

    def do(self, command: cmd.Command) -> "MeasuredConversation":
        agent = getattr(command, "agent", None)
        return self._fold(self.talk.decide_command(command), agent)

    def writes(self, words: str = "oi") -> "MeasuredConversation":
        return self._fold(self.talk.receive_customer_message(words))

    def assistant_answers(self, **options: object) -> "MeasuredConversation":
        """The burst ends and the turn answers at once."""
        self._fold(self.talk.fire_timer())
        return self._fold(self.talk.finish_turn("Olá!", **options))  # type: ignore[arg-type]

    def fires_idle_timer(self) -> "MeasuredConversation":
        return self._fold(self.talk.fire_idle_timer())

    def hands_off(
        self, team: str = "suporte", reason: str = "customer_asked"
    ) -> "MeasuredConversation":
        return self.assistant_answers(handoff=cmd.HandoffRequest(team, reason, "Resumo."))

    def agent_writes(self, agent: str = "ana") -> "MeasuredConversation":
        return self.do(cmd.ReplyToCustomer(agent, "Bom dia!"))

    @property
    def measures(self) -> ConversationMeasures:
        return self.by_id[self.talk.active_conversation.id]

    def _fold(self, decision: Decision, agent: str | None = None) -> "MeasuredConversation":
        if not decision.events:
            return self
        id = self.talk.active_conversation.id
        for event in decision.events:
            before = self.by_id.get(id)
            body = {
                name: getattr(event, name)
                for name in type(event).__dataclass_fields__
                if name != "type"
            }
            version = 1 if before is None else before.version + 1
            measured = MeasuredEvent(event.type, version, self.talk.now, body, agent)
            result = fold_event(before, measured, self.calendar)
            self.by_id[id] = result.measures
            self.events.append(measured)
            if result.answer is not None:
                self.answers.append(result.answer)
        return self
