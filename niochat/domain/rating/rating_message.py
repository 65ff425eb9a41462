"""What a customer's message means while a rating is open: an answer, a comment, or anything else.

Anything else opens a conversation. Only a model may say that words without a score evaluate or
comment; without its opinion they open a conversation too, so that no word is lost.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.rating.conversation_rating import ConversationRating
from niochat.domain.rating.rating_answer import is_courtesy, may_be_evaluation, read_rating

MAX_COMMENT_LENGTH = 1000
"""Characters of a message that may be a comment."""


class MessageMeaning(StrEnum):
    """What a message is to an open rating."""

    ANSWER = "answer"
    COMMENT = "comment"
    UNCLEAR = "unclear"
    """A model has to say."""
    OTHER = "other"


class OpinionKind(StrEnum):
    """What a model says that a message is."""

    EVALUATION = "evaluation"
    """It evaluates the service, and asks for nothing."""
    OTHER = "other"
    """It asks for or reports something, or the model cannot tell or did not answer."""


@dataclass(frozen=True, slots=True)
class RatingOpinion:
    """What a model says of a message. ``score`` is ``None`` if it cannot tell."""

    kind: OpinionKind
    score: int | None = None
    cost: Decimal = Decimal(0)
    """In the currency of the model's prices."""


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """The meaning of a message, and the score of an answer if it has one."""

    meaning: MessageMeaning
    score: int | None = None


_OTHER = ReadMessage(MessageMeaning.OTHER)


def read_message(
    rating: ConversationRating,
    content: MessageContent,
    now: datetime,
    opinion: RatingOpinion | None = None,
) -> ReadMessage:
    """Returns what a message that arrives at ``now`` is to the rating."""
    if content.kind not in (MessageKind.TEXT, MessageKind.CHOICE):
        return _OTHER
    answers, comments = rating.awaits_answer(now), rating.awaits_comment(now)
    if not answers and not comments:
        return _OTHER
    if comments and is_courtesy(content.text):  # a smile is no correction of the score
        return ReadMessage(MessageMeaning.COMMENT)
    answer = read_rating(content.text)
    if answer is not None:
        return ReadMessage(MessageMeaning.ANSWER, answer.score)
    if comments:
        return _read_comment(content.text, opinion)
    return _read_evaluation(content.text, opinion)


def _read_evaluation(text: str, opinion: RatingOpinion | None) -> ReadMessage:
    if not may_be_evaluation(text):
        return _OTHER
    if opinion is None:
        return ReadMessage(MessageMeaning.UNCLEAR)
    if opinion.kind is OpinionKind.EVALUATION:
        return ReadMessage(MessageMeaning.ANSWER, opinion.score)
    return _OTHER


def _read_comment(text: str, opinion: RatingOpinion | None) -> ReadMessage:
    if not text.strip() or len(text) > MAX_COMMENT_LENGTH or "?" in text:
        return _OTHER
    if opinion is None:
        return ReadMessage(MessageMeaning.UNCLEAR)
    evaluates = opinion.kind is OpinionKind.EVALUATION
    return ReadMessage(MessageMeaning.COMMENT) if evaluates else _OTHER
