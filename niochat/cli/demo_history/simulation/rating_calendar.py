"""When a customer of the demo's history may be asked for a rating."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.rating.conversation_rating import ConversationRating, RatingStatus


@dataclass(frozen=True, slots=True)
class RatingCalendar:
    """``requests`` are the times at which the customer was asked in other conversations, earlier
    and later ones. A request is sent before ``until``, or the conversation has no rating.
    """

    requests: Sequence[datetime]
    until: datetime
    timezone: ZoneInfo

    def last_request(self, now: datetime) -> datetime | None:
        """Returns when the customer was last asked, as of ``now``."""
        return max((each for each in self.requests if each <= now), default=None)

    def policy_at(self, policy: ConversationPolicy, now: datetime) -> ConversationPolicy:
        """Returns the policy for a conversation that is resolved ``now``: as it is, or without
        ratings if a request would be sent too late, or too close to a later one.
        """
        ratings = policy.ratings
        due = (now + timedelta(seconds=ratings.after_s)).astimezone(self.timezone)
        sent_at = ratings.next_allowed(due).astimezone(UTC)
        again_at = sent_at + timedelta(days=ratings.ask_again_days)
        if sent_at < self.until and not any(now < each < again_at for each in self.requests):
            return policy
        return replace(policy, ratings=replace(ratings, after_s=0.0))


def may_change(rating: ConversationRating, now: datetime) -> bool:
    """Whether a step at ``now`` loads the resolved conversation of the rating."""
    answered = rating.status is RatingStatus.ANSWERED and rating.awaits_comment(now)
    return rating.is_unanswered or answered
