"""A resolved conversation: the customer is asked for a rating, or a row says why not."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.message import Author
from niochat.domain.rating.conversation_rating import ConversationRating, RatingStatus
from niochat.domain.rating.rating_message import (
    MessageMeaning,
    OpinionKind,
    RatingOpinion,
    read_message,
)
from niochat.domain.rating.rating_policy import RatingPolicy
from tests.domain.conversation_simulator import ConversationSimulator, build_text

RATINGS = RatingPolicy(request_text="Nota?", thanks_text="Obrigada!", regret_text="Que pena.")
POLICY = ConversationPolicy(burst_window_s=0, ratings=RATINGS)
EVALUATES = RatingOpinion(OpinionKind.EVALUATION)
SOMETHING_ELSE = RatingOpinion(OpinionKind.OTHER)


def with_ratings(**changes: object) -> ConversationPolicy:
    return replace(POLICY, ratings=replace(RATINGS, **changes))  # type: ignore[arg-type]


def send_all(simulator: ConversationSimulator) -> None:
    while (outbox := simulator.claim_send()) is not None:
        simulator.settle_send(outbox, cmd.SendStatus.SENT, f"out-{outbox}")


def resolved(policy: ConversationPolicy = POLICY) -> ConversationSimulator:
    """The assistant answered, the answer left, and an agent resolved the conversation."""
    simulator = ConversationSimulator(policy)
    simulator.receive_customer_message()
    simulator.finish_turn("Pronto!")
    send_all(simulator)
    simulator.decide_command(cmd.ResolveConversation("ana"))
    return simulator


def requested(policy: ConversationPolicy = POLICY) -> ConversationSimulator:
    """The request is due and waits in the outbox."""
    simulator = resolved(policy)
    fire_rating_timer(simulator)
    return simulator


def asked(policy: ConversationPolicy = POLICY) -> ConversationSimulator:
    """The request is on the customer's phone."""
    simulator = requested(policy)
    send_all(simulator)
    return simulator


def fire_rating_timer(simulator: ConversationSimulator) -> None:
    simulator.advance_clock(simulator.seconds_until_timer(TimerName.RATING))
    simulator.fire_timer(name=TimerName.RATING)


def rating_of(simulator: ConversationSimulator) -> ConversationRating:
    """The rating of the conversation, after a check that its row is the same."""
    rating = simulator.active_conversation.rating
    assert rating is not None
    assert simulator.ratings[rating.id].rating == rating
    return rating


def write(
    simulator: ConversationSimulator, text: str, opinion: RatingOpinion | None = None
) -> None:
    """The customer writes; a message that belongs to no rating ends it first, as a step does."""
    rating = simulator.active_conversation.rating
    if simulator.active_conversation.status is ConversationStatus.RESOLVED and rating is not None:
        read = read_message(rating, build_text(text), simulator.now, opinion)
        assert read.meaning is not MessageMeaning.UNCLEAR
        if read.meaning is MessageMeaning.OTHER:
            simulator.decide_command(cmd.EndRating("customer_wrote"))
    name = f"in-{len(simulator.said)}"
    simulator.decide_command(cmd.ReceiveMessage(name, build_text(text), simulator.now), opinion)


def test_ninety_seconds_after_the_end_the_customer_is_asked_once() -> None:
    simulator = resolved()
    assert simulator.seconds_until_timer(TimerName.RATING) == 90
    assert rating_of(simulator).status is RatingStatus.SCHEDULED

    fire_rating_timer(simulator)
    assert simulator.queued_texts() == ["Nota?"]
    assert rating_of(simulator).status is RatingStatus.SCHEDULED, "it has not left yet"

    send_all(simulator)
    assert rating_of(simulator).status is RatingStatus.SENT
    assert simulator.active_conversation.status is ConversationStatus.RESOLVED


def test_an_assistants_end_and_silence_lead_to_a_request_too() -> None:
    simulator = ConversationSimulator(POLICY)
    simulator.receive_customer_message()
    simulator.finish_turn("De nada, até logo!", close="solved")

    assert rating_of(simulator).status is RatingStatus.SCHEDULED


def test_where_nobody_answered_nobody_is_asked() -> None:
    simulator = ConversationSimulator(replace(POLICY, assistant_enabled=False))
    simulator.receive_customer_message()
    simulator.decide_command(cmd.ResolveConversation("ana"))

    rating = rating_of(simulator)
    assert (rating.status, rating.reason) == (RatingStatus.SKIPPED, "no_service")
    assert TimerName.RATING not in simulator.timers


def test_without_ratings_nothing_is_recorded() -> None:
    simulator = resolved(with_ratings(after_s=0))

    assert simulator.active_conversation.rating is None
    assert not simulator.ratings


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"opted_out": True}, "opted_out"),
        ({"contact_blocked": True}, "blocked"),
        ({"policy": replace(POLICY, suspended=True)}, "suspended"),
    ],
)
def test_who_must_not_be_asked_is_skipped_when_the_request_is_due(
    change: dict[str, object], reason: str
) -> None:
    simulator = resolved()
    for name, value in change.items():
        setattr(simulator, name, value)

    fire_rating_timer(simulator)

    rating = rating_of(simulator)
    assert (rating.status, rating.reason) == (RatingStatus.SKIPPED, reason)
    assert simulator.queued_texts() == []


@pytest.mark.parametrize(("days", "skipped"), [(6.99, True), (7.01, False)])
def test_one_person_is_asked_once_a_week(days: float, skipped: bool) -> None:
    simulator = resolved()
    simulator.advance_clock(simulator.seconds_until_timer(TimerName.RATING))
    simulator.rating_requested_at = simulator.now - timedelta(days=days)

    simulator.fire_timer(name=TimerName.RATING)

    assert (rating_of(simulator).reason == "asked_recently") is skipped
    assert (simulator.queued_texts() == []) is skipped


def test_in_quiet_hours_the_request_waits_until_they_are_over() -> None:
    simulator = resolved()
    # 21:30 in Recife, three hours behind UTC.
    simulator.now = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)

    simulator.fire_timer(name=TimerName.RATING)

    assert simulator.queued_texts() == []
    assert simulator.timers["rating"].due_at == datetime(2026, 3, 3, 11, tzinfo=UTC), "8:00 there"
    fire_rating_timer(simulator)
    assert simulator.queued_texts() == ["Nota?"]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (time(20, 59), None),
        (time(21), time(8)),
        (time(3), time(8)),
        (time(7, 59), time(8)),
        (time(8), None),
    ],
)
def test_quiet_hours_include_midnight(moment: time, until: time | None) -> None:
    local = datetime.combine(datetime(2026, 3, 2), moment, UTC)

    allowed = RatingPolicy().next_allowed(local)

    assert allowed == local if until is None else allowed.time() == until and allowed > local
    assert RatingPolicy(quiet_from=time(8), quiet_until=time(8)).next_allowed(local) == local


def test_the_request_waits_until_earlier_messages_have_left() -> None:
    simulator = resolved()
    simulator.advance_clock(90)

    generation = simulator.timers["rating"].generation
    simulator.decide_command(cmd.FireTimer("rating", generation, unsent=True))

    assert simulator.queued_texts() == []
    assert simulator.seconds_until_timer(TimerName.RATING) == 90


def test_a_timer_that_fires_twice_asks_once() -> None:
    simulator = resolved()
    generation = simulator.timers["rating"].generation
    simulator.fire_timer(generation, TimerName.RATING)

    decision = simulator.fire_timer(generation, TimerName.RATING)

    assert decision.events == ()
    assert simulator.queued_texts() == ["Nota?"]


@pytest.mark.parametrize("requested_first", [False, True])
def test_a_customer_who_writes_first_is_not_asked(requested_first: bool) -> None:
    simulator = requested() if requested_first else resolved()
    first = simulator.active_conversation
    rating_id = rating_of(simulator).id

    write(simulator, "minha internet caiu de novo", SOMETHING_ELSE)

    assert simulator.active_conversation.id != first.id
    assert simulator.active_conversation.turn is not None, "the assistant answers it"
    assert simulator.ratings[rating_id].rating.reason == "customer_wrote"
    assert simulator.queued_texts() == [], "the request does not leave any more"


@pytest.mark.parametrize(("answer", "score"), [("🤩", 5), ("2", 2), ("nota três", 3)])
def test_an_answer_is_recorded_and_thanked(answer: str, score: int) -> None:
    simulator = asked()

    write(simulator, answer)

    rating = rating_of(simulator)
    assert (rating.status, rating.score) == (RatingStatus.ANSWERED, score)
    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    assert simulator.active_conversation.unanswered == 0
    assert simulator.queued_texts() == ["Que pena." if score <= 2 else "Obrigada!"]
    assert rating.answer is not None
    assert simulator.said[rating.answer].author is Author.CUSTOMER
    assert simulator.said[rating.answer].text == answer


@pytest.mark.parametrize("score", [4, None])
def test_a_text_is_an_answer_when_a_model_says_so_and_has_no_default_score(
    score: int | None,
) -> None:
    simulator = asked()

    write(simulator, "resolveu rapidinho", RatingOpinion(OpinionKind.EVALUATION, score))

    assert rating_of(simulator).status is RatingStatus.ANSWERED
    assert rating_of(simulator).score == score


@pytest.mark.parametrize(
    "text",
    [
        "minha internet caiu de novo",
        "5 dias sem internet",
        "quero a segunda via",
        "oi",
        "?",
        "vocês são ótimos, mas a internet caiu de novo e eu preciso trabalhar hoje ainda, me ajuda",
    ],
)
def test_anything_else_opens_a_conversation_with_every_word_of_it(text: str) -> None:
    simulator = asked()
    rating_id, first = rating_of(simulator).id, simulator.active_conversation.id

    write(simulator, text, SOMETHING_ELSE)

    assert simulator.active_conversation.id != first
    assert simulator.active_conversation.turn is not None
    assert [row.text for row in simulator.said.values() if row.author is Author.CUSTOMER][
        -1
    ] == text
    rating = simulator.ratings[rating_id].rating
    assert (rating.status, rating.score) == (RatingStatus.EXPIRED, None)


def test_after_a_day_even_a_score_opens_a_conversation() -> None:
    simulator = asked()
    rating_id = rating_of(simulator).id
    simulator.advance_clock(24 * 3600 + 1)

    write(simulator, "5")

    assert simulator.active_conversation.turn is not None
    assert simulator.ratings[rating_id].rating.status is RatingStatus.EXPIRED


def test_a_request_without_an_answer_expires_after_a_day() -> None:
    simulator = asked()
    assert simulator.seconds_until_timer(TimerName.RATING) == 24 * 3600

    fire_rating_timer(simulator)

    rating = rating_of(simulator)
    assert (rating.status, rating.reason) == (RatingStatus.EXPIRED, "no_answer")


def test_a_request_that_fails_is_said_and_nobody_waits() -> None:
    simulator = requested()
    outbox = simulator.claim_send()
    assert outbox is not None

    simulator.settle_send(outbox, cmd.SendStatus.FAILED)

    assert rating_of(simulator).status is RatingStatus.FAILED
    assert simulator.active_conversation.status is ConversationStatus.RESOLVED


def test_an_answer_counts_although_the_gateways_word_is_still_missing() -> None:
    simulator = requested()
    simulator.claim_send()

    write(simulator, "👍")

    assert rating_of(simulator).score == 4


@pytest.mark.parametrize(
    ("text", "opinion"),
    [("a moça foi super atenciosa comigo", EVALUATES), ("valeu!", None), ("obrigada 😊", None)],
)
def test_a_comment_may_follow_within_ten_minutes(text: str, opinion: RatingOpinion | None) -> None:
    simulator = asked()
    write(simulator, "🤩")
    simulator.advance_clock(599)

    write(simulator, text, opinion)

    rating = rating_of(simulator)
    assert (rating.score, len(rating.comments)) == (5, 1)
    assert simulator.said[rating.comments[0]].text == text
    assert simulator.active_conversation.status is ConversationStatus.RESOLVED


@pytest.mark.parametrize(
    ("after_s", "text", "opinion"),
    [(60, "e a fatura de maio?", SOMETHING_ELSE), (601, "a moça foi atenciosa", EVALUATES)],
)
def test_what_is_no_comment_or_comes_later_opens_a_conversation(
    after_s: float, text: str, opinion: RatingOpinion
) -> None:
    simulator = asked()
    write(simulator, "🤩")
    rating_id = rating_of(simulator).id
    simulator.advance_clock(after_s)

    write(simulator, text, opinion)

    assert simulator.active_conversation.turn is not None
    assert simulator.ratings[rating_id].rating.status is RatingStatus.ANSWERED


def test_a_corrected_score_replaces_the_first_one() -> None:
    simulator = asked()
    write(simulator, "1")
    send_all(simulator)

    write(simulator, "5")
    assert rating_of(simulator).score == 5


def test_a_reaction_to_the_request_is_an_answer() -> None:
    simulator = asked()
    request = rating_of(simulator).request
    assert request is not None
    name = simulator.said[request].external
    assert name is not None

    simulator.decide_command(cmd.ReceiveReaction("r-1", name, "❤️", from_provider=False))

    rating = rating_of(simulator)
    assert (rating.score, rating.answer) == (5, None)


def test_a_low_score_is_reported_and_reopens_for_the_named_team() -> None:
    simulator = asked(with_ratings(reopen_team="ouvidoria"))

    write(simulator, "😡")

    conversation = simulator.active_conversation
    assert (conversation.status, conversation.team) == (ConversationStatus.WAITING, "ouvidoria")
    assert conversation.waits
    log = simulator.logs[conversation.id]
    assert any(isinstance(each, e.ConversationReopenedForTeam) for each in log)
    notes = [row.text for row in simulator.said.values() if row.kind.value == "note"]
    assert notes == ["Reaberta por avaliação baixa: 😡 (1 de 5)."]
    assert simulator.queued_texts() == ["Que pena."]


def test_a_low_score_without_a_rule_is_only_reported() -> None:
    simulator = asked()

    write(simulator, "1")

    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    types = [each.type for each in simulator.logs[simulator.active_conversation.id]]
    assert types.count("rating_low") == 1


def test_reopening_ends_the_rating_and_the_next_end_begins_another() -> None:
    simulator = resolved()
    first = rating_of(simulator).id
    conversation = simulator.active_conversation.id

    simulator.decide_command(cmd.ReopenConversation("ana", conversation))
    assert simulator.ratings[first].rating.reason == "reopened"
    simulator.decide_command(cmd.ResolveConversation("ana"))

    assert rating_of(simulator).id != first
    assert rating_of(simulator).status is RatingStatus.SCHEDULED
