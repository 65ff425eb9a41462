"""The metrics of reports: how each is computed, and by what it can be grouped."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from niochat.insights.deliveries.delivery_texts import DELIVERY_TEXTS
from niochat.insights.reports.metric_texts import METRIC_TEXTS, MetricText


class MetricUnit(StrEnum):
    """The unit of a metric's values. ``percent`` is from 0 to 100, ``currency`` is that of the
    assistant's prices, ``score`` is from 1 to 5.
    """

    COUNT = "count"
    SECONDS = "seconds"
    PERCENT = "percent"
    CURRENCY = "currency"
    SCORE = "score"


class MetricSource(StrEnum):
    """The rows from which a metric is computed. All but deliveries, presence and uptime are about
    the conversations that were opened in the period.
    """

    SUMS = "sums"
    QUANTILES = "quantiles"
    TURNS = "turns"
    OUTCOMES = "outcomes"
    ANSWERS = "answers"
    ANSWER_QUANTILES = "answer_quantiles"
    SLA = "sla"
    DELIVERIES = "deliveries"
    PRESENCE = "presence"
    UPTIME = "uptime"


class ReportGrouping(StrEnum):
    """What a row of a report stands for."""

    NONE = "none"
    HOUR = "hour"
    DAY = "day"
    WEEKDAY_HOUR = "weekday_hour"
    TEAM = "team"
    AGENT = "agent"
    CHANNEL = "channel"
    LABEL = "label"
    HANDOFF_REASON = "handoff_reason"
    CONTACT_REASON = "contact_reason"
    SERVED_BY = "served_by"
    MESSAGE_AUTHOR = "message_author"
    DELIVERY_FAILURE = "delivery_failure"
    PAUSE_REASON = "pause_reason"
    SLA_POLICY = "sla_policy"
    SLA_TARGET = "sla_target"


_OF_PROMISES = (ReportGrouping.SLA_POLICY, ReportGrouping.SLA_TARGET)
_OF_OTHERS = (
    ReportGrouping.MESSAGE_AUTHOR,
    ReportGrouping.DELIVERY_FAILURE,
    ReportGrouping.PAUSE_REASON,
)
_OF_CONVERSATIONS = (
    ReportGrouping.HANDOFF_REASON,
    ReportGrouping.CONTACT_REASON,
    ReportGrouping.SERVED_BY,
)
ALL_GROUPINGS = tuple(each for each in ReportGrouping if each not in (*_OF_PROMISES, *_OF_OTHERS))
"""What conversations can be grouped by."""
SLA_GROUPINGS = tuple(
    each for each in ReportGrouping if each not in (*_OF_CONVERSATIONS, *_OF_OTHERS)
)
DELIVERY_GROUPINGS = (
    *(ReportGrouping.NONE, ReportGrouping.HOUR, ReportGrouping.DAY, ReportGrouping.WEEKDAY_HOUR),
    *(ReportGrouping.CHANNEL, ReportGrouping.MESSAGE_AUTHOR),
)
TIME_GROUPINGS = frozenset({ReportGrouping.HOUR, ReportGrouping.DAY, ReportGrouping.WEEKDAY_HOUR})


@dataclass(frozen=True, slots=True)
class ReportMetric:
    """A metric. Its value is ``numerator / denominator * scale`` of the columns that its source
    returns; without a denominator it is ``numerator * scale``.

    ``drill`` names the column that is positive for the conversations behind the value, or narrows
    the source down; ``None`` if no conversations are behind it.
    """

    name: str
    unit: MetricUnit
    higher_is_better: bool
    source: MetricSource
    numerator: str
    denominator: str | None = None
    scale: float = 1.0
    has_business_hours: bool = False
    quantile: int | None = None
    drill: str | None = None
    groupings: tuple[ReportGrouping, ...] = ALL_GROUPINGS

    @property
    def is_by_opening(self) -> bool:
        """Whether it is about conversations that were opened in the period."""
        return self.source is not MetricSource.DELIVERIES

    @property
    def text(self) -> MetricText:
        """The label and the definition in both languages."""
        texts = DELIVERY_TEXTS if self.source is MetricSource.DELIVERIES else METRIC_TEXTS
        return texts[self.name]


def _count(name: str, column: str | None = None, *, good: bool) -> ReportMetric:
    column = column or name
    return ReportMetric(name, MetricUnit.COUNT, good, MetricSource.SUMS, column, drill=column)


def _share(name: str, numerator: str, denominator: str, *, good: bool) -> ReportMetric:
    return ReportMetric(
        name,
        MetricUnit.PERCENT,
        good,
        MetricSource.SUMS,
        numerator,
        denominator,
        100.0,
        drill=numerator,
    )


def _average(name: str, numerator: str, denominator: str) -> ReportMetric:
    return ReportMetric(
        name,
        MetricUnit.SECONDS,
        False,
        MetricSource.SUMS,
        numerator,
        denominator,
        0.001,
        has_business_hours=True,
        drill=denominator,
    )


def _quantile(name: str, column: str, number: int, drill: str) -> ReportMetric:
    return ReportMetric(
        name,
        MetricUnit.SECONDS,
        False,
        MetricSource.QUANTILES,
        column,
        scale=0.001,
        has_business_hours=True,
        quantile=number,
        drill=drill,
    )


def _outcome(name: str, *, good: bool) -> ReportMetric:
    column = name.removeprefix("assistant_")
    return ReportMetric(name, MetricUnit.COUNT, good, MetricSource.OUTCOMES, column, drill=column)


def _turns(
    name: str,
    unit: MetricUnit,
    numerator: str,
    denominator: str | None = None,
    scale: float = 1.0,
    *,
    good: bool = False,
    drill: str = "",
) -> ReportMetric:
    return ReportMetric(
        name, unit, good, MetricSource.TURNS, numerator, denominator, scale, drill=drill
    )


def _presence(
    name: str, column: str, *, good: bool, more: tuple[ReportGrouping, ...] = ()
) -> ReportMetric:
    return ReportMetric(
        name,
        MetricUnit.SECONDS,
        good,
        MetricSource.PRESENCE,
        column,
        scale=0.001,
        groupings=(ReportGrouping.NONE, ReportGrouping.AGENT, *more),
    )


def _promises(name: str, column: str, *, good: bool) -> ReportMetric:
    return ReportMetric(
        name,
        MetricUnit.COUNT,
        good,
        MetricSource.SLA,
        column,
        drill=column,
        groupings=SLA_GROUPINGS,
    )


def _deliveries(
    name: str,
    unit: MetricUnit,
    numerator: str,
    denominator: str | None = None,
    scale: float = 1.0,
    *,
    good: bool = False,
    more: tuple[ReportGrouping, ...] = (),
) -> ReportMetric:
    return ReportMetric(
        name,
        unit,
        good,
        MetricSource.DELIVERIES,
        numerator,
        denominator,
        scale,
        drill=denominator if unit is MetricUnit.SECONDS else numerator,
        groupings=(*DELIVERY_GROUPINGS, *more),
    )


_ALL = (
    _count("conversations", good=True),
    _count("opened_outside_hours", "outside_hours", good=False),
    _count("served_after_hours", "after_hours", good=True),
    _count("resolved", good=True),
    _share("resolution_rate", "resolved", "conversations", good=True),
    _count("resolved_by_agents", "resolved_agent", good=True),
    _count("resolved_by_inactivity", "resolved_inactivity", good=False),
    _count("solved_by_assistant", good=True),
    _share("assistant_share", "solved_by_assistant", "resolved", good=True),
    _count("with_people", good=False),
    _share("people_share", "with_people", "conversations", good=False),
    _count("handoffs", good=False),
    _count("transfers", good=False),
    _count("offline_returns", good=False),
    _count("reopened", good=False),
    _average("first_answer_time", "first_answer_ms", "first_answers"),
    _quantile("first_answer_p50", "first_answer", 0, "first_answers"),
    _quantile("first_answer_p90", "first_answer", 1, "first_answers"),
    _average("first_human_answer_time", "first_human_ms", "first_human_answers"),
    _quantile("first_human_answer_p50", "first_human", 0, "first_human_answers"),
    _quantile("first_human_answer_p90", "first_human", 1, "first_human_answers"),
    _average("next_answer_time", "next_answer_ms", "next_answers"),
    _average("resolution_time", "resolution_ms", "resolved"),
    _quantile("resolution_p50", "resolution", 0, "resolved"),
    _quantile("resolution_p90", "resolution", 1, "resolved"),
    _average("assistant_time", "assistant_ms", "conversations"),
    _average("waiting_time", "waiting_ms", "with_people"),
    _average("agent_time", "agent_ms", "with_people"),
    _average("snoozed_time", "snoozed_ms", "with_people"),
    ReportMetric("answers", MetricUnit.COUNT, True, MetricSource.ANSWERS, "answers", drill=""),
    ReportMetric(
        "answer_time",
        MetricUnit.SECONDS,
        False,
        MetricSource.ANSWERS,
        "answer_ms",
        "answers",
        0.001,
        has_business_hours=True,
        drill="",
    ),
    ReportMetric(
        "answer_p90",
        MetricUnit.SECONDS,
        False,
        MetricSource.ANSWER_QUANTILES,
        "answer_p90",
        scale=0.001,
        has_business_hours=True,
        drill="",
    ),
    _count("messages_customer", good=True),
    _count("messages_assistant", good=True),
    _count("messages_agent", good=True),
    _count("messages_phone", good=False),
    _count("messages_failed", good=False),
    _deliveries("messages_sent", MetricUnit.COUNT, "sent", good=True),
    _deliveries("messages_delivered", MetricUnit.COUNT, "delivered", good=True),
    _deliveries("delivery_rate", MetricUnit.PERCENT, "delivered", "sent", 100.0, good=True),
    _deliveries("read_rate", MetricUnit.PERCENT, "read", "delivered", 100.0, good=True),
    _deliveries(
        "delivery_failures",
        MetricUnit.COUNT,
        "failed",
        more=(ReportGrouping.DELIVERY_FAILURE,),
    ),
    _deliveries("delivery_failure_rate", MetricUnit.PERCENT, "failed", "queued", 100.0),
    _deliveries("send_time", MetricUnit.SECONDS, "send_ms", "sent", 0.001),
    _deliveries("delivery_time", MetricUnit.SECONDS, "delivery_ms", "delivered", 0.001),
    _count("ratings", good=True),
    ReportMetric(
        "rating",
        MetricUnit.SCORE,
        True,
        MetricSource.SUMS,
        "rating_sum",
        "ratings",
        drill="ratings",
    ),
    _promises("sla_met", "met", good=True),
    _promises("sla_breached", "breached", good=False),
    ReportMetric(
        "sla_met_share",
        MetricUnit.PERCENT,
        True,
        MetricSource.SLA,
        "met",
        "decided",
        100.0,
        drill="met",
        groupings=SLA_GROUPINGS,
    ),
    _outcome("assistant_confirmed", good=True),
    _outcome("assistant_assumed", good=True),
    _outcome("assistant_durable", good=True),
    _outcome("assistant_returned", good=False),
    _turns("turns", MetricUnit.COUNT, "turns", good=True),
    _turns(
        "turn_failure_rate", MetricUnit.PERCENT, "turn_failures", "turns", 100.0, drill="failed"
    ),
    _turns("tool_calls", MetricUnit.COUNT, "tool_calls", good=True),
    _turns("tokens", MetricUnit.COUNT, "tokens"),
    _turns("cost", MetricUnit.CURRENCY, "cost_micros", scale=1e-6),
    _turns("cost_per_conversation", MetricUnit.CURRENCY, "cost_micros", "with_turns", 1e-6),
    _turns("cost_per_solved", MetricUnit.CURRENCY, "cost_micros", "solved_with_turns", 1e-6),
    _presence("online_time", "online_ms", good=True),
    _presence("away_time", "away_ms", good=False, more=(ReportGrouping.PAUSE_REASON,)),
    ReportMetric(
        "channel_uptime",
        MetricUnit.PERCENT,
        True,
        MetricSource.UPTIME,
        "connected_ms",
        "known_ms",
        100.0,
        groupings=(ReportGrouping.NONE, ReportGrouping.CHANNEL),
    ),
)
METRICS: Mapping[str, ReportMetric] = {each.name: each for each in _ALL}
"""All metrics by name, in the order in which they are listed."""
