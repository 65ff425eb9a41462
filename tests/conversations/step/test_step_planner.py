"""One thread's step without a database: which rows it takes, in which order, and what it learns."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

import pytest

from niochat.conversations.step.step_loader import (
    LoadedBatch,
    PendingRow,
    TenantContext,
    external_ids_for,
    outbox_id_for,
)
from niochat.conversations.step.step_planner import MAX_STEP_FAILURES, ThreadStepPlanner
from niochat.conversations.step.step_types import (
    MemoryCommand,
    StepPlan,
    StepRequest,
    ThreadSnapshot,
)
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import SendStatus
from niochat.domain.conversation.decision import StoredMessage, StoredSend
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.ids import MessageId, OutboxId
from niochat.domain.message import Author, DeliveryStatus
from tests.builders import build_message
from tests.domain.conversation_simulator import START, THREAD, build_text

TENANT, CHANNEL, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
ANA = cmd.AssignConversation("ana")
RESOLVE = cmd.ResolveConversation("ana")


def planned(
    *rows: cmd.DurableCommand,
    failures: int = 0,
    commands: Iterable[MemoryCommand] = (),
    timers: Iterable[cmd.FireTimer] = (),
    sends: dict[OutboxId, StoredSend] | None = None,
    take: int = 50,
) -> StepPlan:
    """The step over ``rows`` (the first has ``failures``) of a thread without a conversation."""
    thread = ThreadSnapshot(THREAD, TENANT, CHANNEL, None)
    loaded = LoadedBatch(START, {THREAD: thread}, numbers={THREAD: 7})
    loaded.tenants[TENANT] = TenantContext(
        ConversationPolicy(burst_window_s=0), "America/Sao_Paulo", StaffAvailability()
    )
    loaded.rows[THREAD] = [
        PendingRow(n, row, failures if n == 1 else 0) for n, row in enumerate(rows, start=1)
    ]
    loaded.timers[THREAD] = list(timers)
    loaded.sends[THREAD] = sends or {}
    work = StepRequest(THREAD, 1, thread, list(commands), take)
    return ThreadStepPlanner(work, thread, loaded).build()


EffectKind = TypeVar("EffectKind")


def effects(plan: StepPlan, kind: type[EffectKind]) -> list[EffectKind]:
    return [effect for effect in plan.effects if isinstance(effect, kind)]


class FailingCommand(cmd.ReceiveDeletion):
    """Raises when it is decided: nothing in it can be walked through."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(targets=None)  # type: ignore[arg-type]


def test_the_protocol_is_the_day_at_the_tenants_place_and_a_number() -> None:
    plan = planned(build_message("m1"))

    assert plan.after is not None
    assert plan.after.protocol == "20260302000007"


def test_all_pending_rows_make_one_plan() -> None:
    plan = planned(build_message("m1"), ANA, build_message("m2"))

    assert plan.rows == [(1, "done"), (2, "done"), (3, "done")]
    assert (plan.opens, plan.more) == (True, False)


def test_rows_beyond_the_limit_wait_for_another_step() -> None:
    plan = planned(build_message("m1"), build_message("m2"), build_message("m3"), take=2)

    assert [row for row, _ in plan.rows] == [1, 2]
    assert plan.more


def test_a_step_writes_events_of_one_conversation_only() -> None:
    plan = planned(build_message("m1"), RESOLVE, build_message("m2"))

    assert [row for row, _ in plan.rows] == [1, 2]
    assert plan.more


def test_a_refused_row_is_consumed_and_the_following_rows_proceed() -> None:
    plan = planned(ANA, build_message("m1"))

    assert plan.rows == [(1, "refused:resolved"), (2, "done")]


def test_a_row_that_raises_first_is_the_guilty_one() -> None:
    with pytest.raises(TypeError):
        planned(FailingCommand(), build_message("m1"))


def test_a_row_that_raises_later_leaves_what_was_decided_before_it() -> None:
    plan = planned(build_message("m1"), FailingCommand(), build_message("m2"))

    assert plan.rows == [(1, "done")]
    assert plan.more


def test_a_result_in_memory_is_not_lost_to_the_poison_behind_it() -> None:
    sends = {OutboxId(OTHER): waiting()}
    retry = cmd.SettleSend(OutboxId(OTHER), SendStatus.RETRY)

    plan = planned(FailingCommand(), commands=[retry], sends=sends)

    assert effects(plan, fx.SettleOutboxEffect)
    assert (plan.rows, plan.more) == ([], True)


def test_a_row_that_failed_before_gets_a_step_of_its_own() -> None:
    plan = planned(build_message("m1"), build_message("m2"), failures=1)

    assert plan.rows == [(1, "done")]
    assert plan.more


def test_a_row_that_failed_too_often_is_parked() -> None:
    plan = planned(FailingCommand(), build_message("m1"), failures=MAX_STEP_FAILURES)

    assert plan.rows == [(1, "parked:step_failed")]
    assert plan.more


@pytest.mark.parametrize("failures", [0, MAX_STEP_FAILURES - 1])
def test_a_link_comes_alone_and_first(failures: int) -> None:
    plan = planned(cmd.MergeThread(str(OTHER)), build_message("m1"), failures=failures)

    assert plan.merge == (1, OTHER)
    assert (plan.rows, plan.more) == ([], True)


def test_timers_wait_until_threads_are_linked() -> None:
    plan = planned(cmd.MergeThread(str(OTHER)), timers=[cmd.FireTimer("burst", 1)])

    assert plan.merge is not None
    assert plan.timers == []


def test_rows_before_a_merge_are_committed_before_it() -> None:
    sends = {OutboxId(OTHER): waiting()}
    for plan in (
        planned(build_message("m1"), cmd.MergeThread(str(OTHER))),
        planned(
            cmd.MergeThread(str(OTHER)),
            commands=[cmd.SettleSend(OutboxId(OTHER), SendStatus.RETRY)],
            sends=sends,
        ),
    ):
        assert plan.merge is None
        assert plan.more
        assert not plan.empty


def test_a_link_that_failed_too_often_is_parked_like_any_row() -> None:
    plan = planned(cmd.MergeThread(str(OTHER)), failures=MAX_STEP_FAILURES)

    assert plan.merge is None
    assert plan.rows == [(1, "parked:step_failed")]


def test_later_rows_know_what_earlier_ones_stored() -> None:
    plan = planned(build_message("m1"), cmd.ReceiveEdit("e", "m1", "novo"))

    assert effects(plan, fx.StoreUnmatchedUpdateEffect) == []
    assert [change.text for change in effects(plan, fx.UpdateMessageEffect)] == ["novo"]


def test_later_rows_know_the_news_that_earlier_ones_kept() -> None:
    plan = planned(cmd.ReceiveEdit("e", "m1", "novo"), build_message("m1"))

    assert [change.text for change in effects(plan, fx.UpdateMessageEffect)] == ["novo"]


def test_a_send_settled_twice_in_one_step_is_settled_once() -> None:
    sends = {OutboxId(OTHER): waiting()}
    sent = cmd.SettleSend(OutboxId(OTHER), SendStatus.SENT, "out-1")
    echo = cmd.ReceiveEcho("out-1", str(OTHER), build_text(), START)
    read = cmd.ReceiveDeliveryReceipt(("out-1",), DeliveryStatus.READ)

    plan = planned(echo, read, read, commands=[sent, sent], sends=sends)

    assert len(effects(plan, fx.SettleOutboxEffect)) == 1
    assert [c.status for c in effects(plan, fx.UpdateMessageEffect)] == ["sent", "read"]
    assert effects(plan, fx.StoreMessageEffect) == []


def test_a_send_that_became_uncertain_in_this_step_is_known_as_such() -> None:
    sends = {OutboxId(OTHER): waiting()}
    uncertain = cmd.SettleSend(OutboxId(OTHER), SendStatus.UNCERTAIN)

    plan = planned(commands=[uncertain, uncertain], sends=sends)

    assert [c.status for c in effects(plan, fx.UpdateMessageEffect)] == ["uncertain"]


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert planned().empty
    assert not planned(timers=[cmd.FireTimer("burst", 1)]).empty, "the timer has to go"


def test_every_command_says_which_messages_and_sends_it_needs_to_see() -> None:
    echo = cmd.ReceiveEcho("out-1", str(OTHER), build_text(), START)

    assert external_ids_for(build_message("m1")) == ("m1",)
    assert external_ids_for(cmd.ReceiveDeletion(("a", "b"))) == ("a", "b")
    assert external_ids_for(echo) == ("out-1",)
    assert external_ids_for(cmd.SettleSend(OutboxId(OTHER), SendStatus.SENT, "out-1")) == ("out-1",)
    assert external_ids_for(ANA) == ()
    assert outbox_id_for(echo) == OTHER
    assert outbox_id_for(cmd.ReceiveEcho("x", "theirs", build_text(), START)) is None


def waiting() -> StoredSend:
    said = StoredMessage(
        MessageId(UUID(int=9)), Author.AGENT, DeliveryStatus.QUEUED, in_current_conversation=False
    )
    return StoredSend(said, "sending", in_current_conversation=False)
