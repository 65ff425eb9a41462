"""Which scores customers of the demo's history give, and what they write besides."""

from random import Random

from niochat.cli.demo_history.agent_shifts import StaffedAgent
from niochat.cli.demo_history.scripts import rating_answers

ASSISTANT_MEAN = 4.3
"""Mean score of conversations that no agent had."""
OUTAGE_DROP = 1.1
"""How much lower the mean is in an outage."""
UPSET_SHARE, UPSET_SCORES = 0.06, (1, 2)
"""The share of customers who give a low score whoever served them."""
LOW_SCORE, HIGH_SCORE = 2, 5
COMMENT_SHARES = {1: 0.65, 2: 0.55, 3: 0.35, 4: 0.2, 5: 0.3}
"""The share of customers who write more than their score, by score."""
THANKS_SHARE = 0.45
"""The share of the comments on a good score that only thank."""


def draw_score(who: StaffedAgent | None, random: Random, *, in_outage: bool) -> int:
    """Draws a score from 1 to 5 for the agent, or for the assistant (``None``)."""
    mean = ASSISTANT_MEAN if who is None else who.agent.mean_score
    mean -= OUTAGE_DROP if in_outage else 0.0
    if random.random() < UPSET_SHARE:
        return random.choice(UPSET_SCORES)
    usual = (mean - UPSET_SHARE * sum(UPSET_SCORES) / len(UPSET_SCORES)) / (1 - UPSET_SHARE)
    return 1 + sum(random.random() < (usual - 1) / 4 for _ in range(4))


def draw_comment(
    score: int, who: StaffedAgent | None, random: Random, *, in_outage: bool
) -> str | None:
    """Draws what the customer writes besides the score; ``None`` if nothing."""
    if random.random() >= COMMENT_SHARES[score]:
        return None
    if score <= LOW_SCORE:
        return random.choice(_reasons(who, in_outage=in_outage))
    if score < HIGH_SCORE:
        return random.choice(rating_answers.MIXED)
    if random.random() < THANKS_SHARE:
        return random.choice(rating_answers.THANKS)
    by_agent = who is not None
    praise = rating_answers.PRAISE_OF_AGENT if by_agent else rating_answers.PRAISE_OF_ASSISTANT
    return random.choice(praise)


def _reasons(who: StaffedAgent | None, *, in_outage: bool) -> tuple[str, ...]:
    if in_outage:
        return rating_answers.REASONS_IN_OUTAGE
    if who is None:
        return rating_answers.REASONS_ABOUT_ASSISTANT
    return rating_answers.REASONS_ABOUT_AGENT
