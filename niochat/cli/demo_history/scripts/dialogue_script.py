"""The form of an invented dialogue: who writes what, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

RARE_REASONS = frozenset({"anger", "complaint_body"})
CUSTOMER_MARK, REPLY_MARK = ">", "<"


class Topic(StrEnum):
    """What a customer writes about. The value is also a label of the conversation."""

    INVOICE = "fatura"
    NO_INTERNET = "sem internet"
    SLOW = "lentidão"
    UNLOCK = "desbloqueio"
    MOVE = "mudança de endereço"
    PLANS = "contratar plano"
    CANCELLATION = "cancelamento"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Messages of the customer, then the reply to them. Both may have several messages."""

    customer: tuple[str, ...]
    reply: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> "Exchange":
        """Returns the exchange with ``{name}`` replaced by its value."""
        return Exchange(
            tuple(each.format_map(values) for each in self.customer),
            tuple(each.format_map(values) for each in self.reply),
        )


@dataclass(frozen=True, slots=True)
class HandoffDialogue:
    """A dialogue after which the assistant hands the conversation to ``team``. ``reason`` is a code
    of the product, and ``note`` is for that team.
    """

    team: str
    reason: str
    note: str
    exchanges: tuple[Exchange, ...]

    @property
    def weight(self) -> int:
        """How often it is chosen, compared with others of its topic."""
        return 1 if self.reason in RARE_REASONS else 5


@dataclass(frozen=True, slots=True)
class TopicScript:
    """The dialogues about one topic.

    The assistant solves it with one of ``solved``, or hands off after one of ``handed_off``; then
    an agent goes on with one of ``served``. ``tools`` are the tools of the assistant's turns, in
    order, and ``intent`` is the customer's wish as an argument of theirs. ``other_team`` is where
    an agent transfers what belongs to another team.
    """

    topic: Topic
    team: str
    other_team: str
    tools: tuple[str, ...]
    intent: str
    solved: tuple[tuple[Exchange, ...], ...]
    handed_off: tuple[HandoffDialogue, ...]
    served: tuple[tuple[Exchange, ...], ...]


def parse_dialogue(text: str) -> tuple[Exchange, ...]:
    """Parses lines that begin with ``>`` (customer) or ``<`` (reply). Lines of one side that follow
    each other are separate messages. The customer begins, except in dialogues of agents, whose
    first exchange has no customer message then. Raises ``ValueError`` for any other line.
    """
    exchanges: list[Exchange] = []
    customer: list[str] = []
    reply: list[str] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        mark, content = line[0], line[1:].strip()
        if mark not in (CUSTOMER_MARK, REPLY_MARK):
            raise ValueError(f"neither customer nor reply: {line!r}")
        if mark == CUSTOMER_MARK and reply:
            exchanges.append(Exchange(tuple(customer), tuple(reply)))
            customer, reply = [], []
        (customer if mark == CUSTOMER_MARK else reply).append(content)
    exchanges.append(Exchange(tuple(customer), tuple(reply)))
    return tuple(exchanges)


def parse_handoff(team: str, reason: str, note: str, text: str) -> HandoffDialogue:
    """Parses a dialogue that ends with a handoff."""
    return HandoffDialogue(team, reason, note, parse_dialogue(text))


def parse_dialogues(*texts: str) -> tuple[tuple[Exchange, ...], ...]:
    """Parses several dialogues."""
    return tuple(parse_dialogue(text) for text in texts)
