"""All dialogues by topic, and how often customers write about each."""

from niochat.cli.demo_history.scripts.billing_scripts import INVOICE_SCRIPT, UNLOCK_SCRIPT
from niochat.cli.demo_history.scripts.connection_scripts import NO_INTERNET_SCRIPT, SLOW_SCRIPT
from niochat.cli.demo_history.scripts.contract_scripts import (
    CANCELLATION_SCRIPT,
    MOVE_SCRIPT,
    PLANS_SCRIPT,
)
from niochat.cli.demo_history.scripts.dialogue_script import Topic

SCRIPTS = {
    script.topic: script
    for script in (
        INVOICE_SCRIPT,
        NO_INTERNET_SCRIPT,
        SLOW_SCRIPT,
        UNLOCK_SCRIPT,
        MOVE_SCRIPT,
        PLANS_SCRIPT,
        CANCELLATION_SCRIPT,
    )
}
TOPIC_WEIGHTS = {
    Topic.INVOICE: 30,
    Topic.NO_INTERNET: 24,
    Topic.SLOW: 14,
    Topic.UNLOCK: 11,
    Topic.PLANS: 9,
    Topic.MOVE: 6,
    Topic.CANCELLATION: 6,
}
"""Shares of a usual day, in percent."""
DUE_DAYS = range(5, 13)
"""Days of a month on which more customers write about their invoices."""


def topic_weights(day_of_month: int, *, outage: bool) -> dict[Topic, int]:
    """Returns the weight of each topic on a day, and during an outage."""
    weights = dict(TOPIC_WEIGHTS)
    if day_of_month in DUE_DAYS:
        weights[Topic.INVOICE] += 14
        weights[Topic.UNLOCK] += 5
    if outage:
        weights[Topic.NO_INTERNET] += 240
    return weights
