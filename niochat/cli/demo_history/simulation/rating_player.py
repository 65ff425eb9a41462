"""Plays the rating of a resolved conversation: the request, and what the customer does with it."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from niochat.cli.demo_history.scripts import rating_answers
from niochat.cli.demo_history.simulation.dialogue_actors import DialogueActors
from niochat.cli.demo_history.simulation.rating_scores import draw_comment, draw_score
from niochat.domain.conversation.commands import EndRating
from niochat.domain.message import Author
from niochat.domain.rating.conversation_rating import (
    COMMENT_WINDOW,
    ConversationRating,
    RatingStatus,
)
from niochat.domain.rating.rating_answer import is_courtesy
from niochat.domain.rating.rating_message import OpinionKind, RatingOpinion

ANSWER_SHARE = 0.55
"""The share of customers who answer a request that reached them."""
FAILED_REQUEST_SHARE = 0.01
REACTION_SHARE, EVALUATION_SHARE, CORRECTION_SHARE = 0.15, 0.07, 0.02
LATE_SHARE = 0.25
"""The share of answers that come hours after the request."""
NIGHT_ENDS = 7
"""Local hour before which nobody answers."""
REQUEST_WITHIN = timedelta(hours=36)
"""Time after which a request that is not sent never will be."""
BEFORE_RETURN = timedelta(milliseconds=100)
"""The step that ends a rating commits right before the one that opens a conversation."""
OPINION_COST = Decimal("0.000310")
"""In BRL."""


class AnswerForm(StrEnum):
    """How a customer answers."""

    TEXT = "text"
    REACTION = "reaction"
    EVALUATION = "evaluation"
    """Words whose meaning a model has to say."""


class RatingPlayer:
    """Plays the rating of one conversation, which has just been resolved."""

    def __init__(self, actors: DialogueActors) -> None:
        self._actors, self._simulator = actors, actors.simulator
        self._random, self._plan = actors.random, actors.plan

    def play(self) -> None:
        """Plays up to the customer's last word. Without one the request expires by itself, or
        because the customer returns first.
        """
        if self._is_sent() and self._random.random() < ANSWER_SHARE:
            self._answer_in_time()
        returns_at = self._plan.returns_at
        if returns_at is not None and returns_at > self._simulator.now:
            self._simulator.advance_to(returns_at - BEFORE_RETURN)
            self._simulator.give(EndRating("customer_wrote"))

    def _is_sent(self) -> bool:
        """Waits for the request; returns whether the customer has it."""
        returns_at = self._plan.returns_at
        limit = returns_at - self._simulator.now if returns_at is not None else REQUEST_WITHIN
        if self._random.random() < FAILED_REQUEST_SHARE:
            self._simulator.fails_next_send = Author.SYSTEM
        self._simulator.run_until(self._is_settled, within=min(limit, REQUEST_WITHIN))
        self._simulator.fails_next_send = None
        rating = self._rating
        return rating is not None and rating.status is RatingStatus.SENT

    @property
    def _rating(self) -> ConversationRating | None:
        state = self._simulator.state
        return state.rating if state is not None else None

    def _is_settled(self) -> bool:
        rating = self._rating
        return rating is None or rating.status is not RatingStatus.SCHEDULED

    def _answer_in_time(self) -> None:
        """Answers, unless the customer returns before there was time for a comment."""
        answers_at = self._answer_time()
        returns_at = self._plan.returns_at
        if returns_at is None or answers_at + COMMENT_WINDOW < returns_at:
            self._simulator.advance_to(answers_at)
            self._answer()

    def _answer_time(self) -> datetime:
        if self._random.random() >= LATE_SHARE:
            seconds = min(150 * self._random.lognormvariate(0, 0.9), 2_400)
            return self._simulator.now + timedelta(seconds=seconds)
        at = self._simulator.now + timedelta(hours=self._random.uniform(1, 14))
        local = at.astimezone(self._actors.context.timezone)
        return at + timedelta(hours=NIGHT_ENDS) if local.hour < NIGHT_ENDS else at

    def _answer(self) -> None:
        forms = (AnswerForm.REACTION, AnswerForm.EVALUATION, AnswerForm.TEXT)
        shares = (REACTION_SHARE, EVALUATION_SHARE, 1 - REACTION_SHARE - EVALUATION_SHARE)
        form = self._random.choices(forms, shares)[0]
        if form is AnswerForm.EVALUATION:
            text, found = self._random.choice(rating_answers.EVALUATIONS)
            self._actors.customer_writes(text, opinion=_opinion(found))
            return
        state = self._simulator.state
        assert state is not None
        who, in_outage = self._actors.agent_with_id(state.agent), self._plan.in_outage
        score = draw_score(who, self._random, in_outage=in_outage)
        if form is AnswerForm.REACTION:
            self._react(rating_answers.REACTIONS[score])
        else:
            self._actors.customer_writes(self._random.choice(rating_answers.ANSWERS[score]))
        comment = draw_comment(score, who, self._random, in_outage=in_outage)
        if comment is not None:
            self._comment(comment if who is None else self._actors.render(comment, who))
        elif self._random.random() < CORRECTION_SHARE:
            self._wait()
            self._actors.customer_writes(str(min(score + 1, 5)))

    def _react(self, emoji: str) -> None:
        rating = self._rating
        assert rating is not None
        assert rating.request is not None
        self._actors.customer_reacts(rating.request, emoji)

    def _comment(self, text: str) -> None:
        self._wait()
        self._actors.customer_writes(text, opinion=None if is_courtesy(text) else _opinion(None))

    def _wait(self) -> None:
        """The customer reads the thanks and types."""
        self._simulator.pass_time(timedelta(seconds=self._random.uniform(15, 200)))


def _opinion(score: int | None) -> RatingOpinion:
    return RatingOpinion(OpinionKind.EVALUATION, score, OPINION_COST)
