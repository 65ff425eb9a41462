"""The clocks are right when an assistant stands in front, and nothing is counted twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import TimerName
from niochat.domain.insights.business_calendar import MeasuredTime
from niochat.domain.insights.conversation_measures import Resolution, ServicePhase, TurnUse
from niochat.domain.insights.measure_fold import BrokenLogError, MeasuredEvent, fold_event
from tests.domain.insights.measured_conversation import WEEKDAYS, MeasuredConversation

MINUTE = 60_000


def minutes(total: float, within_hours: float | None = None) -> MeasuredTime:
    inside = total if within_hours is None else within_hours
    return MeasuredTime(int(total * MINUTE), int(inside * MINUTE))


def test_the_human_clock_starts_at_the_handoff() -> None:
    talk = MeasuredConversation().writes().wait(minutes=1).hands_off()
    talk.wait(minutes=9).do(cmd.AssignConversation("ana")).wait(minutes=1).agent_writes()

    assert talk.measures.first_answer == minutes(1)
    assert talk.measures.first_human_answer == minutes(10)
    assert talk.measures.first_human_by == "ana"
    assert talk.measures.time_in(ServicePhase.WAITING) == minutes(9)
    assert talk.measures.time_in(ServicePhase.ASSISTANT) == minutes(1)
    assert talk.measures.handoff_reasons == ("customer_asked",)
    assert talk.measures.team == "suporte"


def test_the_sentence_about_a_failed_turn_is_no_answer() -> None:
    talk = MeasuredConversation().writes()
    talk._fold(talk.talk.fire_timer())
    talk._fold(talk.talk.fail_turn())

    assert talk.measures.messages == {"customer": 1, "system": 1}
    assert talk.measures.first_answer is None
    talk.wait(minutes=4).do(cmd.AssignConversation("ana")).agent_writes()
    assert talk.measures.first_answer == minutes(4)


def test_further_answers_are_measured_from_the_customers_first_unanswered_message() -> None:
    talk = MeasuredConversation().writes().hands_off().do(cmd.AssignConversation("ana"))
    talk.wait(minutes=2).agent_writes().wait(minutes=5).agent_writes()  # nobody waits for that one
    talk.writes().wait(minutes=3).writes().wait(minutes=1).agent_writes("bia")
    talk.writes().wait(minutes=6).agent_writes()

    assert talk.measures.first_human_answer == minutes(2)
    assert (talk.measures.next_answers, talk.measures.next_answer_time) == (2, minutes(10))
    assert talk.measures.next_answer_max == minutes(6)
    assert [(each.agent, each.wait, each.first) for each in talk.answers] == [
        ("ana", minutes(2), True),
        ("bia", minutes(4), False),
        ("ana", minutes(6), False),
    ]


def test_snoozed_time_is_not_waiting_time() -> None:
    talk = MeasuredConversation().writes().hands_off().wait(minutes=5)
    talk.do(cmd.AssignConversation("ana")).wait(minutes=5)
    talk.do(cmd.SnoozeConversation("ana", talk.talk.now + timedelta(hours=2)))
    talk.wait(minutes=120)._fold(talk.talk.fire_timer(name=TimerName.SNOOZE))
    talk.wait(minutes=10).agent_writes()

    assert talk.measures.first_human_answer == minutes(20)
    assert talk.measures.time_in(ServicePhase.SNOOZED) == minutes(120)


def test_time_outside_business_hours_is_separable_also_over_a_weekend() -> None:
    friday = datetime(2026, 3, 6, 20, 30, tzinfo=UTC)  # 17:30 in São Paulo
    talk = MeasuredConversation(start=friday).writes().hands_off()
    talk.wait(minutes=60 * 63).do(cmd.AssignConversation("ana")).agent_writes()  # Monday 8:30

    assert talk.measures.first_human_answer == minutes(63 * 60, 60)


def test_a_takeover_of_an_answered_conversation_starts_no_wait() -> None:
    talk = MeasuredConversation().writes().wait(minutes=1).assistant_answers()
    talk.wait(minutes=5).do(cmd.AssignConversation("ana")).wait(minutes=5).agent_writes()

    assert talk.measures.first_human_answer is None
    talk.writes().wait(minutes=2).agent_writes()
    assert talk.measures.first_human_answer == minutes(2)


def test_a_takeover_of_an_unanswered_conversation_starts_the_wait() -> None:
    talk = MeasuredConversation().writes().wait(minutes=1).do(cmd.AssignConversation("ana"))
    talk.wait(minutes=3).agent_writes()

    assert talk.measures.first_human_answer == minutes(3)
    assert talk.measures.first_answer == minutes(4)


def test_an_agent_who_writes_first_answers_nobody() -> None:
    talk = MeasuredConversation().do(cmd.StartConversation("ana", "Sua instalação é amanhã."))

    assert talk.measures.first_answer is None
    assert talk.answers == []
    talk.wait(minutes=30).writes().wait(minutes=4).agent_writes()
    assert talk.measures.first_answer == talk.measures.first_human_answer == minutes(4)


def test_transfers_by_people_and_returns_by_the_product_are_counted_apart() -> None:
    talk = MeasuredConversation().writes().hands_off().do(cmd.AssignConversation("ana"))
    talk.wait(minutes=1).do(cmd.TransferConversation("ana", team="vendas"))
    talk.wait(minutes=1).do(cmd.AssignConversation("bia"))
    talk.do(cmd.TransferConversation("bia", team="vendas", left_by="bia"))
    talk.wait(minutes=1).do(cmd.AssignConversation("caio")).agent_writes("caio")

    assert (talk.measures.transfers, talk.measures.offline_returns) == (1, 1)
    assert talk.measures.first_human_answer == minutes(3)
    assert (talk.measures.team, talk.measures.agent) == ("vendas", "caio")


def test_a_reopened_conversation_is_not_resolved_and_the_break_is_no_phase() -> None:
    talk = MeasuredConversation().writes().do(cmd.AssignConversation("ana")).wait(minutes=2)
    talk.agent_writes().do(cmd.ResolveConversation("ana")).wait(minutes=300)
    assert talk.measures.resolution is Resolution.AGENT
    talk.do(cmd.ReopenConversation("bia", talk.talk.active_conversation.id)).wait(minutes=3)

    assert talk.measures.resolved_at is None
    assert talk.measures.reopened == 1
    talk.do(cmd.ResolveConversation("bia"))
    assert talk.measures.resolved_by == "bia"
    assert talk.measures.time_in(ServicePhase.AGENT) == minutes(5)


def test_silence_and_a_goodbye_are_the_assistants_solutions() -> None:
    silent = MeasuredConversation().writes().assistant_answers()
    silent.fires_idle_timer().fires_idle_timer()
    goodbye = MeasuredConversation().writes().wait(minutes=1).assistant_answers(close="obrigada")

    assert silent.measures.resolution is Resolution.INACTIVITY
    assert silent.measures.solved_by_assistant
    assert goodbye.measures.resolution is Resolution.ASSISTANT
    assert goodbye.measures.first_answer == minutes(1)


def test_a_return_to_the_assistant_ends_the_wait_for_people() -> None:
    talk = MeasuredConversation().writes().hands_off().wait(minutes=9)
    talk.do(cmd.ReturnConversationToAssistant("ana")).wait(minutes=50).writes()
    talk.hands_off("financeiro").wait(minutes=2).do(cmd.AssignConversation("ana")).agent_writes()

    assert talk.measures.first_human_answer == minutes(2)
    assert len(talk.measures.handoff_reasons) == 2
    assert not talk.measures.solved_by_assistant


def test_a_failed_message_that_arrives_after_all_is_not_failed() -> None:
    talk = MeasuredConversation().writes().do(cmd.AssignConversation("ana")).agent_writes()
    outbox = talk.talk.claim_send()
    assert outbox is not None
    talk._fold(talk.talk.settle_send(outbox, cmd.SendStatus.FAILED))
    failed = talk.measures.failed_messages
    assert len(failed) == 1
    talk._fold(talk.talk.settle_send(outbox, cmd.SendStatus.SENT, "out-1"))

    assert not talk.measures.failed_messages


def test_an_unknown_event_changes_nothing_but_the_version() -> None:
    talk = MeasuredConversation().writes()
    before = talk.measures
    event = MeasuredEvent("weather_changed", before.version + 1, talk.talk.now, {"score": 5})

    after = fold_event(before, event, WEEKDAYS).measures

    assert after == replace(before, version=before.version + 1)


def test_a_log_with_a_gap_is_broken() -> None:
    talk = MeasuredConversation().writes()
    late = MeasuredEvent("note_added", talk.measures.version + 2, talk.talk.now, {"message": "x"})

    with pytest.raises(BrokenLogError):
        fold_event(talk.measures, late, WEEKDAYS)
    with pytest.raises(BrokenLogError):
        fold_event(None, late, WEEKDAYS)


def test_the_clock_of_another_host_makes_no_negative_time() -> None:
    talk = MeasuredConversation().writes().wait(minutes=5).hands_off().wait(minutes=-3)
    talk.do(cmd.AssignConversation("ana")).agent_writes()

    assert talk.measures.first_human_answer == minutes(0)
    assert talk.measures.time_in(ServicePhase.WAITING) == minutes(0)


def test_a_rating_belongs_to_its_conversation_and_a_corrected_one_replaces_it() -> None:
    talk = MeasuredConversation().writes().wait(minutes=1).hands_off()
    talk.do(cmd.AssignConversation("ana")).agent_writes().do(cmd.ResolveConversation("ana"))
    resolved_at, messages = talk.measures.resolved_at, dict(talk.measures.messages)
    talk.wait(minutes=2)._fold(talk.talk.fire_timer(name=TimerName.RATING))
    talk.wait(minutes=60)._fold(talk.talk.receive_customer_message("4"))
    talk.wait(minutes=1)._fold(talk.talk.receive_customer_message("5"))

    assert talk.measures.rating_score == 5
    assert talk.measures.resolved_at == resolved_at
    assert talk.measures.messages == {**messages, "system": messages["system"] + 2}
    assert talk.measures.phase is ServicePhase.RESOLVED


def test_a_low_rating_that_reopens_makes_the_customer_wait_for_people_again() -> None:
    talk = MeasuredConversation().writes().wait(minutes=1).hands_off()
    talk.talk.policy = replace(
        talk.talk.policy, ratings=replace(talk.talk.policy.ratings, reopen_team="ouvidoria")
    )
    talk.do(cmd.AssignConversation("ana")).agent_writes().do(cmd.ResolveConversation("ana"))
    talk.wait(minutes=2)._fold(talk.talk.fire_timer(name=TimerName.RATING))
    talk.wait(minutes=3)._fold(talk.talk.receive_customer_message("1"))
    talk.wait(minutes=7).do(cmd.AssignConversation("bia")).agent_writes("bia")

    assert (talk.measures.reopened, talk.measures.team) == (1, "ouvidoria")
    assert talk.measures.next_answer_time == minutes(7)
    assert talk.measures.time_in(ServicePhase.WAITING) == minutes(7)
    assert talk.measures.resolution is None


def test_what_finished_turns_used_is_added() -> None:
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    measures = fold_event(
        None, MeasuredEvent("conversation_opened", 1, start, {}), WEEKDAYS
    ).measures
    for version, (outcome, use) in enumerate(
        [
            ("answered", TurnUse(2, 120, 7)),
            ("failed", TurnUse(0, 30, 1)),
            ("answered", None),  # its row is gone
        ],
        2,
    ):
        event = MeasuredEvent("turn_finished", version, start, {"outcome": outcome}, None, use)
        measures = fold_event(measures, event, WEEKDAYS).measures

    assert (measures.turns, measures.turn_failures) == (2, 1)
    assert measures.turn_use == TurnUse(2, 150, 8)


def test_an_event_changes_no_measures_of_earlier_events() -> None:
    talk = MeasuredConversation().writes().hands_off()
    events = [each for each in talk.events if each.version > 0]
    measures, seen = None, []
    for event in events:
        measures = fold_event(measures, event, WEEKDAYS).measures
        seen.append((measures, repr(measures)))

    assert len(seen) > 5
    assert [repr(each) for each, _ in seen] == [text for _, text in seen]
