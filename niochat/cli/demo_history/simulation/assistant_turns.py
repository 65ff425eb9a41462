"""The invented results of the assistant's turns: replies, tool calls, tokens and cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from niochat.cli.demo_history.simulation.conversation_simulator import ConversationSimulator
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import FinishAssistantTurn, HandoffRequest, TurnOutcome
from niochat.domain.ids import TurnId
from niochat.domain.message import MessageContent, MessageKind

MODEL = "sandbox-simulador"
PROMPT_VERSION = "demo-history"
PRICE_IN, PRICE_OUT = Decimal("0.90"), Decimal("3.60")
"""In BRL per million tokens."""
FAILURE_CODES = ("model_timeout", "model_rate_limited", "model_unreachable", "model_untrue")
IDENTIFY_CUSTOMER = "identificar_cliente"
_MILLION = 1_000_000


@dataclass(slots=True)
class NextTurn:
    """What the next turn of the assistant leads to. ``tools`` are called in this order; ``intent``
    is an argument of the one that identifies the customer.
    """

    replies: tuple[str, ...] = ()
    handoff: HandoffRequest | None = None
    close: str = ""
    fails: bool = False
    tools: tuple[str, ...] = ()
    intent: str = ""


class AssistantTurns:
    """Runs the turns of one conversation. The turns of one exchange all give ``next_turn``, because
    a turn that the customer cancelled by writing on is followed by another one.
    """

    def __init__(self, simulator: ConversationSimulator, random: Random) -> None:
        self.next_turn = NextTurn()
        self.tool_results: dict[TurnId, list[Mapping[str, Any]]] = {}
        self._simulator, self._random = simulator, random
        self._turns = 0
        simulator.run_turn = self._run

    def _run(self, effect: fx.RunTurnEffect) -> tuple[timedelta, FinishAssistantTurn]:
        planned, random = self.next_turn, self._random
        self._turns += 1
        self._record_tools(effect.turn, planned)
        failed = planned.fails
        duration = random.uniform(20, 46) if failed else 1.4 + random.lognormvariate(0.9, 0.5)
        calls = 1 + len(planned.tools)
        tokens_in = calls * (2_350 + 180 * self._turns + random.randrange(400))
        tokens_out = 0 if failed else sum(len(each) // 3 for each in planned.replies) + 22 * calls
        cost = (tokens_in * PRICE_IN + tokens_out * PRICE_OUT) / _MILLION
        return timedelta(seconds=duration), FinishAssistantTurn(
            effect.turn,
            effect.attempt,
            TurnOutcome.FAILED if failed else TurnOutcome.ANSWERED,
            tuple(MessageContent(MessageKind.TEXT, text) for text in planned.replies),
            planned.handoff,
            planned.close,
            code=random.choice(FAILURE_CODES) if failed else "",
            model=MODEL,
            prompt_version=PROMPT_VERSION,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=cost.quantize(Decimal("0.000001")),
            tokens_cached=int(tokens_in * random.uniform(0.45, 0.8)),
            model_calls=calls,
        )

    def _record_tools(self, turn: TurnId, planned: NextTurn) -> None:
        started = self._simulator.now
        for tool in planned.tools:
            seconds = round(self._random.uniform(0.15, 1.3), 3)
            call = {
                "tool": tool,
                "arguments": {"desejo": planned.intent} if tool == IDENTIFY_CUSTOMER else {},
                "result": {"ok": True},
                "at": started.isoformat(timespec="seconds"),
                "started_at": started.isoformat(),
                "duration_s": seconds,
            }
            self.tool_results.setdefault(turn, []).append(call)
            started += timedelta(seconds=seconds)
