"""What an alert rule can measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """The value that a rule watches. See ``ALERT_KINDS`` for units and limits."""

    QUEUE_LONG = "queue_long"
    """Conversations that wait for a person."""
    WAIT_LONG = "wait_long"
    """Minutes for which the customer who waits longest has waited for a person."""
    FIRST_ANSWER_SLOW = "first_answer_slow"
    """Average minutes until the first human answer of those given within the window."""
    RATING_LOW = "rating_low"
    """Average score of the ratings answered within the window."""
    CHANNEL_DOWN = "channel_down"
    """Minutes for which the channel that is away longest has not been connected."""
    CHANNEL_SILENT = "channel_silent"
    """Messages of customers within the window, in percent of the average of the same hours of the
    same weekday in the four weeks before; of the channel with the lowest value.
    """
    ASSISTANT_FAILING = "assistant_failing"
    """Percent of the assistant's turns within the window that failed."""
    ERP_FAILING = "erp_failing"
    """Percent of the assistant's tool calls within the window that failed because the ERP did not
    answer, of those that needed the ERP.
    """
    COST_HIGH = "cost_high"
    """Cost of the assistant's turns since the local midnight, in the currency of its prices."""


@dataclass(frozen=True, slots=True)
class AlertKindTraits:
    """``below``: whether low values are bad. Thresholds lie within ``least`` and ``most``.
    ``windowed`` kinds need a window; values of fewer than ``min_samples`` are unknown.
    ``by_team`` kinds can be limited to one team.
    """

    least: float
    most: float
    below: bool = False
    windowed: bool = False
    min_samples: int = 1
    by_team: bool = False


MAX_MINUTES = 7 * 24 * 60.0
ALERT_KINDS: Mapping[AlertKind, AlertKindTraits] = {
    AlertKind.QUEUE_LONG: AlertKindTraits(1, 100_000, by_team=True),
    AlertKind.WAIT_LONG: AlertKindTraits(1, MAX_MINUTES, by_team=True),
    AlertKind.FIRST_ANSWER_SLOW: AlertKindTraits(
        1, MAX_MINUTES, windowed=True, min_samples=3, by_team=True
    ),
    AlertKind.RATING_LOW: AlertKindTraits(
        1, 5, below=True, windowed=True, min_samples=3, by_team=True
    ),
    AlertKind.CHANNEL_DOWN: AlertKindTraits(1, MAX_MINUTES),
    AlertKind.CHANNEL_SILENT: AlertKindTraits(1, 100, below=True, windowed=True, min_samples=5),
    AlertKind.ASSISTANT_FAILING: AlertKindTraits(1, 100, windowed=True, min_samples=5),
    AlertKind.ERP_FAILING: AlertKindTraits(1, 100, windowed=True, min_samples=5),
    AlertKind.COST_HIGH: AlertKindTraits(0.01, 1_000_000),
}
"""The traits of each kind."""
